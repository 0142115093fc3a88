//! Where plots are drawn as pixels: lines and areas by the plotting library, letters of our own, so that no font has to be
//! at hand or shipped.

use crate::report::letters::{GLYPH_ROWS, dots, text_width};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use std::convert::Infallible;

/// Font size for each dot of a letter's height.
const SIZE_PER_DOT: f64 = 12.0;

/// RGB pixels, row by row.
pub(super) struct Bitmap<'a> {
    pixels: &'a mut [u8],
    width: u32,
    height: u32,
}

impl<'a> Bitmap<'a> {
    /// `pixels`: (row, column, RGB).
    pub(super) fn new(pixels: &'a mut [u8], (width, height): (u32, u32)) -> Self {
        Self { pixels, width, height }
    }
}

fn dot(size: f64) -> i32 {
    (size / SIZE_PER_DOT).round().max(1.0) as i32
}

fn text_size(text: &str, dot: i32) -> (i32, i32) {
    (text_width(text, dot as usize) as i32, GLYPH_ROWS as i32 * dot)
}

impl DrawingBackend for Bitmap<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Result<(), DrawingErrorKind<Infallible>> {
        let inside = (0..self.width as i32).contains(&x) && (0..self.height as i32).contains(&y);
        if inside {
            let at = 3 * (y as usize * self.width as usize + x as usize);
            let (red, green, blue) = color.rgb;
            for (pixel, ink) in self.pixels[at..at + 3].iter_mut().zip([red, green, blue]) {
                let mixed = f64::from(*pixel) + (f64::from(ink) - f64::from(*pixel)) * color.alpha;
                *pixel = mixed.round() as u8;
            }
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (left, top): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let dot = dot(style.size());
        let (width, height) = text_size(text, dot);
        let anchor = style.anchor();
        let across = match anchor.h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        let down = match anchor.v_pos {
            VPos::Top => 0,
            VPos::Center => -height / 2,
            VPos::Bottom => -height,
        };
        for (column, row) in dots(text) {
            let (x, y) = (across + column as i32 * dot, down + row as i32 * dot);
            for (x, y) in (0..dot).flat_map(|right| (0..dot).map(move |below| (x + right, y + below))) {
                let (x, y) = style.transform().transform(x, y);
                self.draw_pixel((left + x, top + y), style.color())?;
            }
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let (width, height) = text_size(text, dot(style.size()));
        Ok((width as u32, height as u32))
    }
}
