//! Choosing rows: a part to split off, a number to keep, classes to keep. Every choice keeps the rows in their order.

use super::noise::Bits;

/// A split as row numbers into one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// `train` or `test`.
    pub source: String,
    pub rows: Vec<u32>,
}

/// Which rows are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    First,
    Last,
    Random(u64),
}

/// Positions 0..`len`, divided into `count` chosen ones and the rest, both ascending.
pub fn choose(len: usize, count: usize, order: Order) -> (Vec<usize>, Vec<usize>) {
    let mut positions: Vec<usize> = (0..len).collect();
    let count = count.min(len);
    match order {
        Order::First => {}
        Order::Last => positions.rotate_right(count),
        Order::Random(seed) => Bits::new(seed).shuffle(&mut positions),
    }
    let mut rest = positions.split_off(count);
    positions.sort_unstable();
    rest.sort_unstable();
    (positions, rest)
}

/// As [`choose`], with every class chosen in proportion: shares are rounded down, and the classes with the largest
/// remainders (the lower class first when equal) give one more.
pub fn choose_stratified(labels: &[u32], count: usize, order: Order) -> (Vec<usize>, Vec<usize>) {
    let count = count.min(labels.len());
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut members = vec![Vec::new(); classes];
    for (position, &label) in labels.iter().enumerate() {
        members[label as usize].push(position);
    }
    let exact = |class: usize| members[class].len() as u128 * count as u128;
    let total = labels.len().max(1) as u128;
    let mut shares: Vec<usize> = (0..classes).map(|class| (exact(class) / total) as usize).collect();
    let mut by_remainder: Vec<usize> = (0..classes).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(exact(class) % total));
    let missing = count - shares.iter().sum::<usize>();
    by_remainder.into_iter().take(missing).for_each(|class| shares[class] += 1);
    let (mut chosen, mut rest) = (Vec::new(), Vec::new());
    for (class, members) in members.iter().enumerate() {
        let order = match order {
            Order::Random(seed) => Order::Random(Bits::new(seed).word(class as u64)),
            other => other,
        };
        let (taken, left) = choose(members.len(), shares[class], order);
        chosen.extend(taken.into_iter().map(|place| members[place]));
        rest.extend(left.into_iter().map(|place| members[place]));
    }
    chosen.sort_unstable();
    rest.sort_unstable();
    (chosen, rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_and_last_are_what_they_say() {
        assert_eq!(choose(5, 2, Order::First), (vec![0, 1], vec![2, 3, 4]));
        assert_eq!(choose(5, 2, Order::Last), (vec![3, 4], vec![0, 1, 2]));
        assert_eq!(choose(2, 9, Order::Last), (vec![0, 1], vec![]));
    }

    #[test]
    fn a_random_choice_depends_on_the_seed() {
        assert_ne!(choose(100, 10, Order::Random(1)), choose(100, 10, Order::Random(2)));
        assert_eq!(choose(100, 10, Order::Random(1)), choose(100, 10, Order::Random(1)));
    }

    #[test]
    fn a_stratified_choice_keeps_the_classes_proportions() {
        let labels: Vec<u32> = (0..100).map(|row| u32::from(row % 10 == 0)).collect();
        let (chosen, _) = choose_stratified(&labels, 20, Order::Random(3));
        assert_eq!(chosen.iter().filter(|&&row| labels[row] == 1).count(), 2);
    }

    fn orders() -> impl Strategy<Value = Order> {
        prop_oneof![Just(Order::First), Just(Order::Last), any::<u64>().prop_map(Order::Random)]
    }

    proptest! {
        #[test]
        fn both_sides_are_disjoint_and_cover_everything(
            labels in proptest::collection::vec(0u32..5, 0..80), count in 0usize..90, order in orders(), stratified in any::<bool>()
        ) {
            let (chosen, rest) = if stratified { choose_stratified(&labels, count, order) } else { choose(labels.len(), count, order) };
            prop_assert_eq!(chosen.len(), count.min(labels.len()));
            prop_assert!(chosen.is_sorted() && rest.is_sorted());
            let mut all = [chosen, rest].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
        }
    }
}
