//! The handful of operations that the layers are written in, each one call of the library that writes where it is told.

use tch::{Kind, Tensor};

/// `target` = `a` · `b`. (member, row, inner) by (member, inner, column).
///
/// Products go to new memory first: where a target's members don't lie close together, on a processor the library
/// takes one after the other.
pub fn product(target: &Tensor, a: &Tensor, b: &Tensor) {
    if target.is_contiguous() {
        let _ = a.bmm_out(target, b);
    } else {
        target.shallow_clone().copy_(&a.bmm(b));
    }
}

/// `target` += `a` · `b`.
pub fn add_product(target: &Tensor, a: &Tensor, b: &Tensor) {
    let _ = target.add_out(target, &a.bmm(b));
}

/// `target` = `residual` + `a` · `b`.
pub fn sum_product(target: &Tensor, residual: &Tensor, a: &Tensor, b: &Tensor) {
    let _ = residual.add_out(target, &a.bmm(b));
}

/// `target` += `values`, which broadcast.
pub fn add(target: &Tensor, values: &Tensor) {
    let _ = target.add_out(target, values);
}

/// `target` *= `values`, which broadcast.
pub fn multiply(target: &Tensor, values: &Tensor) {
    let _ = target.mul_out(target, values);
}

/// `target` += `a` * `b`, which broadcast.
pub fn add_scaled(target: &Tensor, a: &Tensor, b: &Tensor) {
    let _ = target.addcmul_out(target, a, b);
}

/// Sums over some dimensions, which stay with length 1.
pub fn sum_over(values: &Tensor, dimensions: &[i64]) -> Tensor {
    values.sum_dim_intlist(dimensions, true, Kind::Float)
}

/// The values, on the host.
pub fn to_vec(tensor: &Tensor) -> Vec<f32> {
    let host = tensor.detach().to_device(tch::Device::Cpu).to_kind(Kind::Float).contiguous();
    let mut values = vec![0.0; host.numel()];
    host.copy_data(&mut values, host.numel());
    values
}
