//! The communication layers: every tensor hears from all smaller ones (up) or all larger ones (down).
//!
//! In: the stream. Out: the stream and what was heard: each tensor sends its projection, sums run through the lattice of axis
//! sets, and what arrives is normalised and projected back. Instead of visiting pairs of tensors, the sums go one axis at a
//! time, so that each tensor is added once an axis: 33 additions, not some hundreds.

use super::batch::{Batch, dimension_of};
use super::means::SpatialMeans;
use super::normalise::{Normalise, Owners};
use super::ops::{add, add_product, add_scaled, multiply, product, sum_over, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::{Rows, Stack, tied};
use super::stream::Stream;
use crate::model::{Axes, Axis};
use std::rc::Rc;
use tch::Tensor;

/// Axes other than rows and columns, in the order in which means are taken over them.
const PLAIN_AXES: [Axis; 3] = [Axis::Direction, Axis::Colour, Axis::Example];

/// What both ways have in common: who sends, who hears, and by which weights.
struct Exchange {
    senders: Vec<Sender>,
    hearers: Vec<Hearer>,
    /// Working space, shared among layers: messages on the way there, their gradients on the way back.
    messages: Stack,
    /// Its end, of those that hear.
    heard: Tensor,
    normalise: Normalise,
    /// 1 at own positions of all who send, where there is padding.
    own: Option<Tensor>,
}

/// Tensors that send by one weight.
struct Sender {
    input: Rows,
    by_input: Tensor,
    message: Tensor,
    weight: Weight,
}

/// Tensors that hear by one weight.
struct Hearer {
    residual: Tensor,
    output: Tensor,
    by_output: Tensor,
    normalised: Rows,
    by_normalised: Tensor,
    weight: Weight,
}

/// Where an exchange is in the network.
pub struct Place<'a> {
    /// The batch.
    pub batch: &'a Batch<'a>,
    /// The parameters.
    pub parameters: &'a Parameters,
    /// The layer.
    pub layer: usize,
    /// The tensors that send.
    pub senders: &'a [Axes],
    /// The tensors that hear.
    pub hearers: &'a [Axes],
    /// What is read.
    pub input: &'a Stream,
    /// What is written.
    pub output: &'a Stream,
    /// The gradient of what is written, then of what is read.
    pub gradient: &'a Stream,
    /// Working space for all messages.
    pub messages: &'a Stack,
}

impl Exchange {
    fn new(place: &Place, kind: &str) -> Self {
        let &Place { batch, parameters, layer, senders, hearers, input, output, gradient, messages } = place;
        let messages = messages.end(senders);
        let heard = messages.end(hearers);
        let normalised = Stack::new(batch, hearers, messages.whole.size()[2]);
        let weight = |group: &[Axes], end: &str| parameters.branch(layer, kind, group[0], end);
        let sender = |group: Vec<Axes>| Sender {
            input: input.rows(&group),
            by_input: gradient.rows(&group).rows,
            message: messages.rows(&group).rows,
            weight: weight(&group, "in"),
        };
        let hearer = |group: Vec<Axes>| Hearer {
            residual: input.rows(&group).rows,
            output: output.rows(&group).rows,
            by_output: gradient.rows(&group).rows,
            normalised: normalised.rows(&group),
            by_normalised: heard.rows(&group).rows,
            weight: weight(&group, "out"),
        };
        let own = batch.is_padded().then(|| {
            let own: Vec<Tensor> = senders.iter().map(|&axes| batch.own_positions(axes)).collect();
            Tensor::cat(&own, 1).unsqueeze(2)
        });
        Self {
            senders: tied(senders).into_iter().map(sender).collect(),
            hearers: tied(hearers).into_iter().map(hearer).collect(),
            normalise: Normalise::new(batch, Rc::new(Owners::new(batch, hearers)), &normalised.whole),
            heard: heard.whole,
            messages,
            own,
        }
    }

    fn send(&self) {
        for Sender { input, message, weight, .. } in &self.senders {
            product(message, &input.rows, &weight.value);
        }
    }

    /// Back through [`Exchange::send`].
    fn send_back(&self) {
        for Sender { input, by_input, message, weight } in &self.senders {
            add_product(&weight.gradient, &input.columns, message);
            add_product(by_input, message, &weight.transposed);
        }
    }

    fn receive(&self) {
        self.normalise.forward(&self.heard);
        for Hearer { residual, output, normalised, weight, .. } in &self.hearers {
            sum_product(output, residual, &normalised.rows, &weight.value);
        }
    }

    /// Back through [`Exchange::receive`]: leaves the messages' gradients in their place, 0 for who doesn't hear.
    fn receive_back(&self) {
        if self.senders.len() > self.hearers.len() {
            let _ = self.messages.whole.shallow_clone().zero_();
        }
        for Hearer { by_output, normalised, by_normalised, weight, .. } in &self.hearers {
            add_product(&weight.gradient, &normalised.columns, by_output);
            product(by_normalised, by_output, &weight.transposed);
        }
        self.normalise.backward(&self.heard);
    }

    /// What was spread along an axis has reached padding.
    fn clear_padding(&self) {
        if let Some(own) = &self.own {
            multiply(&self.messages.whole, own);
        }
    }
}

/// Share up: a tensor hears the sum of what all sent whose axes are among its own.
pub struct Up {
    exchange: Exchange,
    /// (smaller, larger, axis), in the order of the sums.
    steps: Vec<(Tensor, Tensor, i64)>,
}

impl Up {
    /// One layer's.
    pub fn new(place: &Place) -> Self {
        let exchange = Exchange::new(place, "share_up");
        let full = |axes: Axes| exchange.messages.full(place.batch, axes);
        let mut steps = Vec::new();
        for axis in Axis::ALL {
            for smaller in Axes::all().filter(|axes| !axes.has(axis) && axes.with(axis).is_valid()) {
                steps.push((full(smaller), full(smaller.with(axis)), dimension_of(axis)));
            }
        }
        Self { exchange, steps }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        self.exchange.send();
        for (smaller, larger, _) in &self.steps {
            add(larger, smaller);
        }
        self.exchange.clear_padding();
        self.exchange.receive();
    }

    /// Adds to the output's gradient what comes through messages, so that it becomes the input's.
    pub fn backward(&self) {
        self.exchange.receive_back();
        for (smaller, larger, dimension) in self.steps.iter().rev() {
            add(smaller, &sum_over(larger, &[*dimension]));
        }
        self.exchange.send_back();
    }
}

/// Share down: a tensor hears the means of what all sent whose axes include its own.
pub struct Down {
    exchange: Exchange,
    planes: Vec<Plane>,
    /// (smaller, larger, axis), and 1 / the axis' length, in the order of the sums.
    steps: Vec<(Tensor, Tensor, i64, Rc<Tensor>)>,
    means: Rc<SpatialMeans>,
}

/// Messages of a tensor with rows and columns, and of those without columns, rows or both.
struct Plane {
    both: Tensor,
    rows: Tensor,
    columns: Tensor,
    neither: Option<Tensor>,
}

const ROWS: &[i64] = &[3];
const COLUMNS: &[i64] = &[4];
const AREA: &[i64] = &[3, 4];

impl Down {
    /// One layer's.
    pub fn new(place: &Place, means: Rc<SpatialMeans>) -> Self {
        let senders = place.senders;
        let inverse = PLAIN_AXES.map(|axis| Rc::new(place.batch.inverse_length(axis)));
        let exchange = Exchange::new(place, "share_down");
        let full = |axes: Axes| exchange.messages.full(place.batch, axes);
        let planes = senders
            .iter()
            .filter(|axes| axes.has(Axis::Row) && axes.has(Axis::Column))
            .map(|both| {
                let (rows, columns) = (both.without(Axis::Column), both.without(Axis::Row));
                let neither = rows.without(Axis::Row);
                let neither = senders.contains(&neither).then(|| full(neither));
                Plane { both: full(*both), rows: full(rows), columns: full(columns), neither }
            })
            .collect();
        let mut steps = Vec::new();
        for (axis, inverse) in PLAIN_AXES.into_iter().zip(inverse) {
            for larger in senders.iter().filter(|axes| axes.has(axis)) {
                let smaller = larger.without(axis);
                if senders.contains(&smaller) {
                    steps.push((full(smaller), full(*larger), dimension_of(axis), Rc::clone(&inverse)));
                }
            }
        }
        Self { exchange, planes, steps, means }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        self.exchange.send();
        self.planes.iter().for_each(|plane| plane.sum(&self.means));
        for (smaller, larger, dimension, inverse) in &self.steps {
            add_scaled(smaller, &sum_over(larger, &[*dimension]), inverse);
        }
        self.exchange.receive();
    }

    /// As [`Up::backward`].
    pub fn backward(&self) {
        self.exchange.receive_back();
        for (smaller, larger, _, inverse) in self.steps.iter().rev() {
            add_scaled(larger, smaller, inverse);
        }
        self.planes.iter().for_each(|plane| plane.spread(&self.means));
        self.exchange.clear_padding();
        self.exchange.send_back();
    }
}

impl Plane {
    /// The exact network takes the mean of the cells at once, the published one that of the rows' sums.
    fn sum(&self, means: &SpatialMeans) {
        let mean = |values: &Tensor, weight: &Tensor, over: &[i64]| sum_over(&(values * weight), over);
        if let Some(neither) = &self.neither {
            if let Some(both) = &means.both {
                add(neither, &mean(&self.both, both, AREA));
                add(neither, &mean(&self.rows, &means.rows_alone, ROWS));
            }
            add(neither, &mean(&self.columns, &means.columns_alone, COLUMNS));
        }
        add(&self.rows, &mean(&self.both, &means.columns, COLUMNS));
        add(&self.columns, &mean(&self.both, &means.rows, ROWS));
        if let (Some(neither), None) = (&self.neither, &means.both) {
            add(neither, &mean(&self.rows, &means.rows_alone, ROWS));
        }
    }

    /// The transpose of [`Plane::sum`].
    fn spread(&self, means: &SpatialMeans) {
        if let (Some(neither), None) = (&self.neither, &means.both) {
            add_scaled(&self.rows, neither, &means.rows_alone);
        }
        add_scaled(&self.both, &self.rows, &means.columns);
        add_scaled(&self.both, &self.columns, &means.rows);
        if let Some(neither) = &self.neither {
            add_scaled(&self.columns, neither, &means.columns_alone);
            if let Some(both) = &means.both {
                add_scaled(&self.both, neither, both);
                add_scaled(&self.rows, neither, &means.rows_alone);
            }
        }
    }
}
