//! What the softmax layer does to rows of numbers.
//!
//! In and out: plain slices, a row a position. Widths of the published network are compiled in.

use super::super::float::Float;
use super::super::simd::{kernel, row_by_row};
use super::tables::{Entry, Singles};

/// Numbers that are handled at once.
const TILE: usize = 32;

/// `values` repeated over a tile; none where they don't fit a whole number of times.
#[inline(always)]
fn tiled<T: Float>(values: &[T]) -> Option<[T; TILE]> {
    if !TILE.is_multiple_of(values.len()) {
        return None;
    }
    let mut tile = [T::ZERO; TILE];
    for row in tile.chunks_exact_mut(values.len()) {
        row.copy_from_slice(values);
    }
    Some(tile)
}

#[inline(always)]
fn exponential<T: Float>(x: T, largest: T) -> T {
    (x - largest + T::SOFTMAX_TOP).larger(T::SOFTMAX_TOP - T::SOFTMAX_RANGE).exp()
}

kernel! {
    /// The largest of each column. `x`: (row, column).
    pub fn column_maxima<T: Float>(x: &[T], largest: &mut [T]) {
        let columns = largest.len();
        let mut rest = x;
        if let Some(mut tile) = tiled(largest) {
            let (tiles, after) = x.as_chunks::<TILE>();
            for x in tiles {
                row_by_row();
                for lane in 0..TILE {
                    tile[lane] = tile[lane].larger(x[lane]);
                }
            }
            for (lane, &value) in tile.iter().enumerate() {
                largest[lane % columns] = largest[lane % columns].larger(value);
            }
            rest = after;
        }
        for x in rest.chunks_exact(columns) {
            for (largest, &x) in largest.iter_mut().zip(x) {
                *largest = largest.larger(x);
            }
        }
    }

    /// e = exp(x − largest + top), by column.
    pub fn exponentials<T: Float>(x: &[T], largest: &[T], e: &mut [T]) {
        let mut done = 0;
        if let Some(tile) = tiled(largest) {
            for (x, e) in x.as_chunks::<TILE>().0.iter().zip(e.as_chunks_mut::<TILE>().0) {
                row_by_row();
                for lane in 0..TILE {
                    e[lane] = exponential(x[lane], tile[lane]);
                }
                done += TILE;
            }
        }
        let columns = largest.len();
        for (x, e) in x[done..].chunks_exact(columns).zip(e[done..].chunks_exact_mut(columns)) {
            for ((&x, &largest), e) in x.iter().zip(largest).zip(e) {
                *e = exponential(x, largest);
            }
        }
    }

    /// 1 / x, in place; and whether any comes out above `limit`.
    pub fn invert<T: Float>(x: &mut [T], limit: T) -> bool {
        let mut above = false;
        for x in x {
            *x = T::ONE / *x;
            above |= *x > limit;
        }
        above
    }

    /// table = inverse ⊗ weight. `inverse`: (row, width); `weight`: (width, channel); `table`: (row, width, channel).
    pub fn divide_weights<T: Float>(inverse: &[T], weight: &[T], table: &mut [T]) {
        let width = inverse.len() * weight.len() / table.len();
        let channels = weight.len() / width;
        for (inverse, table) in inverse.chunks_exact(width).zip(table.chunks_exact_mut(weight.len())) {
            for ((&inverse, weight), table) in
                inverse.iter().zip(weight.chunks_exact(channels)).zip(table.chunks_exact_mut(channels))
            {
                for (table, &weight) in table.iter_mut().zip(weight) {
                    *table = inverse * weight;
                }
            }
        }
    }

    /// gradient += Σ inverse · table; taken = inverse² (table · weight).
    pub fn weigh_tables<T: Float>(inverse: &[T], table: &[T], weight: &[T], gradient: &mut [T], taken: &mut [T]) {
        let width = inverse.len() * weight.len() / table.len();
        let channels = weight.len() / width;
        let rows = inverse.chunks_exact(width).zip(table.chunks_exact(weight.len())).zip(taken.chunks_exact_mut(width));
        for ((inverse, table), taken) in rows {
            for channel in 0..width {
                let inverse = inverse[channel];
                let range = channel * channels..(channel + 1) * channels;
                let mut along = T::ZERO;
                for ((&table, &weight), gradient) in
                    table[range.clone()].iter().zip(&weight[range.clone()]).zip(&mut gradient[range])
                {
                    let share = inverse * table;
                    *gradient += share;
                    along = share.mul_add(weight, along);
                }
                taken[channel] = inverse * along;
            }
        }
    }

    /// product = e ⊗ dy. `e`: (row, width); `dy`: (row, channel); `product`: (row, width, channel).
    pub fn outer_rows<T: Float>(e: &[T], dy: &[T], product: &mut [T], width: usize, channels: usize) {
        match channels {
            8 => outer_fixed::<T, 8>(e, dy, product, width),
            16 => outer_fixed::<T, 16>(e, dy, product, width),
            _ => {
                let rows = e.chunks_exact(width).zip(dy.chunks_exact(channels));
                for ((e, dy), product) in rows.zip(product.chunks_exact_mut(width * channels)) {
                    for (&e, product) in e.iter().zip(product.chunks_exact_mut(channels)) {
                        for (product, &dy) in product.iter_mut().zip(dy) {
                            *product = e * dy;
                        }
                    }
                }
            }
        }
    }

    /// y += e · (the sum of the tables), along one run of positions.
    pub fn spend<T: Float>(arena: &Singles<T>, entries: &[Entry; 4], e: &[T], y: &mut [T], width: usize, channels: usize) {
        match (width, channels) {
            (2, 8) => spend_fixed::<T, 2, 8>(arena, entries, e, y),
            (2, 16) => spend_fixed::<T, 2, 16>(arena, entries, e, y),
            _ => spend_general(arena, entries, e, y, width, channels),
        }
    }

    /// scores' gradient = e (Σ tables · dy − Σ taken), along one run of positions.
    pub fn spend_back<T: Float>(arena: &Singles<T>, entries: &[Entry; 4], e: &[T], dy: &[T], scores: &mut [T], width: usize, channels: usize) {
        match (width, channels) {
            (2, 8) => spend_back_fixed::<T, 2, 8>(arena, entries, e, dy, scores),
            (2, 16) => spend_back_fixed::<T, 2, 16>(arena, entries, e, dy, scores),
            _ => spend_back_general(arena, entries, e, dy, scores, width, channels),
        }
    }
}

#[inline(always)]
fn outer_fixed<T: Float, const C: usize>(e: &[T], dy: &[T], product: &mut [T], width: usize) {
    let (product, _) = product.as_chunks_mut::<C>();
    let (dy, _) = dy.as_chunks::<C>();
    for ((e, dy), product) in e.chunks_exact(width).zip(dy).zip(product.chunks_exact_mut(width)) {
        row_by_row();
        for (&e, product) in e.iter().zip(product) {
            for lane in 0..C {
                product[lane] = e * dy[lane];
            }
        }
    }
}

/// The sum of one softmax channel's tables at a position of a run.
#[inline(always)]
fn table_sum<T: Float, const W: usize, const C: usize>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    row: usize,
    channel: usize,
) -> [T; C] {
    let mut sum = [T::ZERO; C];
    for (table, entry) in arena.tables[..arena.count].iter().zip(entries) {
        let at = ((entry.start + row * entry.stride) * W + channel) * C;
        let (table, _) = table[at..at + C].as_chunks::<C>();
        for lane in 0..C {
            sum[lane] += table[0][lane];
        }
    }
    sum
}

#[inline(always)]
fn spend_fixed<T: Float, const W: usize, const C: usize>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    y: &mut [T],
) {
    for (row, (e, y)) in e.as_chunks::<W>().0.iter().zip(y.as_chunks_mut::<C>().0).enumerate() {
        row_by_row();
        for channel in 0..W {
            let sum = table_sum::<T, W, C>(arena, entries, row, channel);
            for lane in 0..C {
                y[lane] = e[channel].mul_add(sum[lane], y[lane]);
            }
        }
    }
}

fn spend_general<T: Float>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    y: &mut [T],
    width: usize,
    channels: usize,
) {
    for (row, (e, y)) in e.chunks_exact(width).zip(y.chunks_exact_mut(channels)).enumerate() {
        for (channel, &e) in e.iter().enumerate() {
            for (lane, y) in y.iter_mut().enumerate() {
                let mut sum = T::ZERO;
                for (table, entry) in arena.tables[..arena.count].iter().zip(entries) {
                    sum += table[((entry.start + row * entry.stride) * width + channel) * channels + lane];
                }
                *y = e.mul_add(sum, *y);
            }
        }
    }
}

/// The sum of a row, pair by pair.
#[inline(always)]
fn pairwise<T: Float, const C: usize>(mut values: [T; C]) -> T {
    let mut half = C / 2;
    while half > 0 {
        for lane in 0..half {
            values[lane] += values[lane + half];
        }
        half /= 2;
    }
    values[0]
}

#[inline(always)]
fn spend_back_fixed<T: Float, const W: usize, const C: usize>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    dy: &[T],
    scores: &mut [T],
) {
    let rows = e.as_chunks::<W>().0.iter().zip(dy.as_chunks::<C>().0).zip(scores.as_chunks_mut::<W>().0);
    for (row, ((e, dy), scores)) in rows.enumerate() {
        row_by_row();
        for channel in 0..W {
            let mut products = table_sum::<T, W, C>(arena, entries, row, channel);
            for lane in 0..C {
                products[lane] = products[lane] * dy[lane];
            }
            let mut taken = T::ZERO;
            for (table, entry) in arena.taken[..arena.count].iter().zip(entries) {
                taken += table[(entry.start + row * entry.stride) * W + channel];
            }
            scores[channel] = e[channel] * (pairwise(products) - taken);
        }
    }
}

fn spend_back_general<T: Float>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    dy: &[T],
    scores: &mut [T],
    width: usize,
    channels: usize,
) {
    let rows = e.chunks_exact(width).zip(dy.chunks_exact(channels)).zip(scores.chunks_exact_mut(width));
    for (row, ((e, dy), scores)) in rows.enumerate() {
        for channel in 0..width {
            let mut along = T::ZERO;
            for index in 0..arena.count {
                let entry = entries[index];
                let at = (entry.start + row * entry.stride) * width + channel;
                along -= arena.taken[index][at];
                for (&dy, &table) in dy.iter().zip(&arena.tables[index][at * channels..(at + 1) * channels]) {
                    along = dy.mul_add(table, along);
                }
            }
            scores[channel] = e[channel] * along;
        }
    }
}
