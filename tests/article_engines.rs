//! The engines of articles: right gradients, no numbering of symbols or groups built in, and all agree, on every engine of the build.

use ndarray::Array2;
use rand::RngExt;
use tenfold::internals::data::article::{Counts, Symbols};
use tenfold::internals::engine::article::{ArticleGradients, ArticlePoint, create};
use tenfold::internals::engine::{Device, EngineKind, available};
use tenfold::internals::latent::digits::{CELLS, HALF_WIDTH};
use tenfold::internals::model::article::ArticlePlan;
use tenfold::internals::rng::{self, Purpose};

const FRAGMENTS: [&str; 8] = [
    "the white rabbit ran down the hole and alice ran after the rabbit",
    "alice ran after the white rabbit down the deep hole",
    "the queen of hearts shouted off with her head at the croquet ground",
    "",
    "信息压缩技术把文章拆分成多段信息组",
    "每个信息组包括标题和片段内容信息压缩",
    "compression of images by wavelets and fractals",
    "fractal image compression and wavelet transforms",
];

const TITLES: [&str; 8] =
    ["Down the hole", "Down the hole", "Croquet", "Nothing", "技术", "", "Images", "Fractal images"];

const GROUPS: usize = FRAGMENTS.len();

/// What groups have, and a point to evaluate.
#[derive(Clone)]
struct Case {
    fragments: Vec<Counts>,
    titles: Vec<Counts>,
    groups: Array2<f32>,
    noise: Array2<f32>,
    symbols: Array2<f32>,
    title: Array2<f32>,
    subset: Vec<usize>,
}

/// Numbers in ±`scale`, (row, cell), the same on every machine.
fn numbers(rows: usize, cells: usize, index: u64, scale: f32) -> Array2<f32> {
    let mut stream = rng::stream(7, Purpose::Initial, index);
    Array2::from_shape_fn((rows, cells), |_| stream.random_range(-scale..scale))
}

fn case(cells: usize) -> Case {
    let (symbols, mut fragments) = Symbols::gather(FRAGMENTS.into_iter().chain(TITLES), 0.5);
    let titles = fragments.split_off(GROUPS);
    Case {
        fragments,
        titles,
        groups: numbers(GROUPS, cells, 0, 1.7),
        noise: numbers(GROUPS, cells, 1, HALF_WIDTH),
        symbols: numbers(symbols.len(), cells, 2, 0.2),
        title: numbers(2, cells, 3, 0.5),
        subset: (0..symbols.len()).filter(|symbol| symbol % 3 != 1).collect(),
    }
}

fn gradients(case: &Case, kind: EngineKind) -> ArticleGradients {
    let plan = ArticlePlan::new(&case.fragments, &case.titles, case.symbols.nrows(), 0.3, 0.3);
    let Case { groups, noise, symbols, title, subset, .. } = case;
    let at = ArticlePoint { groups, noise, symbols, title, subset };
    create(&plan, kind, Device::Cpu).unwrap().gradients(&at).unwrap()
}

/// The part of `expected`'s length by which `found` differs from it.
fn difference(found: &Array2<f32>, expected: &Array2<f32>) -> f64 {
    let norm = |values: &Array2<f32>| values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    assert_eq!(found.dim(), expected.dim());
    norm(&(found - expected)) / norm(expected).max(1e-6)
}

#[test]
fn engines_agree() {
    for cells in [CELLS, 4] {
        for only in [None, Some(Vec::new())] {
            let whole = case(cells);
            let case = Case { subset: only.unwrap_or(whole.subset.clone()), ..whole };
            let ours = gradients(&case, EngineKind::Fused);
            for kind in available() {
                let theirs = gradients(&case, kind);
                assert!(
                    (ours.loss - theirs.loss).abs() <= 1e-5 * ours.loss.abs(),
                    "{kind}: {} {}",
                    ours.loss,
                    theirs.loss
                );
                for (ours, theirs) in ours.nats_per_symbol.iter().zip(theirs.nats_per_symbol) {
                    assert!((ours - theirs).abs() <= 1e-5 * ours.abs(), "{kind}: {ours} {theirs}");
                }
                for (what, ours, theirs) in [
                    ("groups", &ours.groups, &theirs.groups),
                    ("symbols", &ours.symbols, &theirs.symbols),
                    ("title", &ours.title, &theirs.title),
                ] {
                    let difference = difference(ours, theirs);
                    assert!(difference < 1e-4, "{kind}, {what}: {difference:.1e}");
                }
            }
        }
    }
}

/// Central differences at steps of 0.02: losses of some 300 nats are right to 1e-5 of that in f32 at worst, which makes 3e-3 / 0.04 =
/// 0.08 of a slope; the third derivative adds 1e-4 of it.
#[test]
fn gradients_are_those_of_the_loss() {
    let case = case(CELLS);
    let scale = case.symbols.nrows() as f64 / case.subset.len() as f64;
    for kind in available() {
        let analytic = gradients(&case, kind);
        let check = |what: &str,
                     tensor: fn(&mut Case) -> &mut Array2<f32>,
                     at: [usize; 2],
                     scale: f64,
                     claimed: f32| {
            let mut moved = case.clone();
            let step = 0.02;
            tensor(&mut moved)[at] += step;
            let above = gradients(&moved, kind).loss;
            tensor(&mut moved)[at] -= 2.0 * step;
            let slope = scale * (above - gradients(&moved, kind).loss) / f64::from(2.0 * step);
            let claimed = f64::from(claimed);
            assert!((slope - claimed).abs() < 0.02 + 0.01 * claimed.abs(), "{kind}, {what} {at:?}: {slope} {claimed}");
        };
        for (group, cell) in [(0, 3), (2, 41), (3, 7), (5, 99), (7, 50)] {
            check("group", |case| &mut case.groups, [group, cell], scale, analytic.groups[(group, cell)]);
        }
        for (place, cell) in [(0, 0), (4, 17), (9, 99), (case.subset.len() - 1, 5)] {
            let at = [case.subset[place], cell];
            check("symbol", |case| &mut case.symbols, at, 1.0, analytic.symbols[(place, cell)]);
        }
        for (row, cell) in [(0, 4), (0, 80), (1, 4), (1, 63)] {
            check("title", |case| &mut case.title, [row, cell], 1.0, analytic.title[(row, cell)]);
        }
    }
}

#[test]
fn relabelling_symbols_and_permuting_groups_permutes_the_gradient() {
    let plain = case(CELLS);
    let count = plain.symbols.nrows();
    // Symbol s is called relabel(s), group g stands at place(g).
    let relabel = |symbol: usize| (symbol * 7 + 3) % count;
    assert!(!count.is_multiple_of(7), "7 has to be prime to {count}");
    let place = |group: usize| (group * 3 + 1) % GROUPS;
    let mut moved = plain.clone();
    for group in 0..GROUPS {
        for (from, to) in [(&plain.fragments, &mut moved.fragments), (&plain.titles, &mut moved.titles)] {
            let mut counts: Counts = from[group].iter().map(|&(s, n)| (relabel(s as usize) as u32, n)).collect();
            counts.sort_unstable_by_key(|&(symbol, _)| symbol);
            to[place(group)] = counts;
        }
        moved.groups.row_mut(place(group)).assign(&plain.groups.row(group));
        moved.noise.row_mut(place(group)).assign(&plain.noise.row(group));
    }
    for symbol in 0..count {
        moved.symbols.row_mut(relabel(symbol)).assign(&plain.symbols.row(symbol));
    }
    moved.subset = plain.subset.iter().map(|&symbol| relabel(symbol)).collect();
    for kind in available() {
        let before = gradients(&plain, kind);
        let mut after = gradients(&moved, kind);
        assert!((before.loss - after.loss).abs() < 1e-5 * before.loss.abs(), "{kind}");
        let moved_back = after.groups.clone();
        for group in 0..GROUPS {
            after.groups.row_mut(group).assign(&moved_back.row(place(group)));
        }
        assert!(difference(&before.groups, &after.groups) < 1e-4, "{kind}");
        assert!(difference(&before.symbols, &after.symbols) < 1e-4, "{kind}");
        assert!(difference(&before.title, &after.title) < 1e-4, "{kind}");
    }
}

#[test]
fn the_fused_engine_gives_the_same_bits_for_any_number_of_threads() {
    // More groups than are worked through together.
    let one = case(CELLS);
    let many =
        |values: &Array2<f32>| Array2::from_shape_fn((200 * GROUPS, CELLS), |(g, cell)| values[(g % GROUPS, cell)]);
    let repeated = |counts: &[Counts]| counts.iter().cycle().take(200 * GROUPS).cloned().collect();
    let case = Case {
        groups: many(&one.groups) + &numbers(200 * GROUPS, CELLS, 5, 0.5),
        noise: many(&one.noise),
        fragments: repeated(&one.fragments),
        titles: repeated(&one.titles),
        ..one
    };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| gradients(&case, EngineKind::Fused));
        (found.groups, found.symbols, found.title, found.loss.to_bits())
    };
    assert_eq!(run(1), run(2));
}
