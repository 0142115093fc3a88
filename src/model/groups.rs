//! Which weights belong together: those of one kind in one layer, wherever a scale or a price is learnt for them.
//!
//! In: a layout. Out: groups of slices, in order of their first; the latents' parameters are in none.

use super::layout::Layout;

/// Weights of one kind in one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightGroup {
    /// Such as `layer0.softmax`, `decode` or `head`.
    pub name: String,
    /// Its slices, by position in [`Layout::slices`].
    pub slices: Vec<usize>,
}

impl WeightGroup {
    /// All groups of a layout.
    pub fn all(layout: &Layout) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for (index, slice) in layout.slices().iter().enumerate() {
            let mut parts = slice.name.split('.');
            let first = parts.next().unwrap_or_default();
            if first == "posterior" || first == "target_capacity" {
                continue;
            }
            let name = match parts.next() {
                Some(kind) if first.starts_with("layer") => format!("{first}.{kind}"),
                _ => first.to_owned(),
            };
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.slices.push(index),
                None => groups.push(Self { name, slices: vec![index] }),
            }
        }
        groups
    }

    /// The places of its weights in the flat vector.
    pub fn places<'a>(&'a self, layout: &'a Layout) -> impl Iterator<Item = usize> + 'a {
        self.slices.iter().flat_map(|&slice| layout.slices()[slice].range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dimensions, Network};

    #[test]
    fn every_weight_is_in_one_group() {
        let layout =
            Layout::new(&Network::default(), &Dimensions { examples: 3, colours: 2, rows: 4, columns: 5, planes: 2 });
        let groups = WeightGroup::all(&layout);
        let mut places: Vec<usize> = groups.iter().flat_map(|group| group.places(&layout)).collect();
        places.sort_unstable();
        assert_eq!(places, (layout.len() - layout.weights()..layout.len()).collect::<Vec<_>>());
        assert_eq!((groups.len(), groups[0].name.as_str(), groups[1].name.as_str()), (31, "decode", "layer0.share_up"));
    }
}
