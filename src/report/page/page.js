for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.append(...head.childNodes);
    head.append(button);
    button.onclick = () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach(other => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const body = table.tBodies[0], rows = [...body.rows];
      const numeric = rows.some(row => row.cells[column].dataset.value !== undefined);
      const key = ({cells: {[column]: cell}}) => numeric ? Number(cell.dataset.value) : cell.textContent.trim();
      const blank = key => numeric ? Number.isNaN(key) : key === '–';
      const order = (a, b) => numeric ? a - b : a.localeCompare(b, undefined, {numeric: true});
      // What is missing stands last either way.
      rows.sort((a, b) => blank(key(a)) - blank(key(b)) || (down ? order(key(b), key(a)) : order(key(a), key(b))));
      body.append(...rows);
    };
  });
}
// On paper everything is unfolded but hashes and the whole configuration.
addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll('details:not([open], .bulk)')) { folded.open = true; folded.dataset.folded = ''; }
});
addEventListener('afterprint', () => {
  for (const opened of document.querySelectorAll('details[data-folded]')) { opened.open = false; delete opened.dataset.folded; }
});
for (const graph of document.querySelectorAll('.graph')) {
  const first = graph.querySelector('rect')?.getBoundingClientRect();
  if (first) graph.scrollLeft += first.left + first.width / 2 - graph.getBoundingClientRect().left - graph.clientWidth / 2;
}
