//! Sorting, equal things as they stood.
//!
//! The sort of the standard library brings its code for every type that is sorted: two hundred kilobytes of the program.
//! This one sorts places, whatever stands there.

use std::cmp::Ordering;

/// Sorts what a slice holds; what is equal stays in its order.
pub trait InOrder<T> {
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);

    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K);
}

impl<T> InOrder<T> for [T] {
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let of = |one: usize, other: usize| match (self.get(one), self.get(other)) {
            (Some(one), Some(other)) => compare(one, other),
            _ => Ordering::Equal,
        };
        let mut places = ordered(self.len(), &of);
        for at in 0..places.len() {
            // What stood at an earlier place was put where the one came from that stands there now.
            let mut from = places.get(at).copied().unwrap_or(at);
            while from < at {
                from = places.get(from).copied().unwrap_or(at);
            }
            if let Some(place) = places.get_mut(at) {
                *place = from;
            }
            self.swap(at, from);
        }
    }

    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.order_by(|one, other| key(one).cmp(&key(other)));
    }
}

/// The places from nought on in the order of what stands there.
fn ordered(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_as_the_standard_library_does() {
        let mut numbers = vec![7_u32, 3, 11, 3, 0, 8, 3, 2, 11];
        for length in 0..numbers.len() {
            let mut own: Vec<(u32, usize)> = numbers.iter().copied().zip(0..).take(length).collect();
            let mut other = own.clone();
            own.order_by_key(|(number, _)| number % 4);
            other.sort_by_key(|(number, _)| number % 4);
            assert_eq!(own, other);
            numbers.rotate_left(2);
        }
    }
}
