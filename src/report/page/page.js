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
      const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const order = (a, b) => value(a).localeCompare(value(b), undefined, {numeric: true});
      const numbers = (a, b) => value(a) - value(b);
      const body = table.tBodies[0], rows = [...body.rows];
      const numeric = rows.every(row => row.cells[column].dataset.value !== undefined);
      rows.sort(numeric ? numbers : order);
      body.append(...(down ? rows.reverse() : rows));
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
