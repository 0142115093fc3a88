//! Where puzzles and matrices are drawn as pixels, and how any pixels become a PNG.
//!
//! In: rectangles and texts in inks, which are places in one palette. Out: the bytes of a PNG.

use super::letters::{GLYPH_ROWS, dots};
use super::palette::{GRID_LINE, PALETTE, RIGHT, Rgb, WRONG};
use png::ColorType;

/// The side of one dot of a letter in a caption, in pixels.
pub(super) const DOT: usize = 2;
/// A caption with the space below it, which a frame may enter, in pixels.
pub(super) const CAPTION: usize = GLYPH_ROWS * DOT + 10;

/// Indices into the palette, after ARC's ten colours.
pub(super) const INK_LINE: u8 = 10;
pub(super) const INK_RIGHT: u8 = 11;
pub(super) const INK_WRONG: u8 = 12;
const INK_PAPER: u8 = 13;
pub(super) const INK_TEXT: u8 = 14;
pub(super) const INK_RULE: u8 = 15;

/// The colours of the indices from 10 on.
const INKS: [Rgb; 6] = [GRID_LINE, RIGHT, WRONG, [0xFA, 0xFA, 0xF8], [0x33, 0x33, 0x33], [0xCC, 0xCC, 0xCC]];

/// Pixels as indices into the palette, row by row.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![INK_PAPER; width * height] }
    }

    /// Fills a rectangle; what lies outside the canvas is left out.
    pub(super) fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, ink: u8) {
        let (right, bottom) = ((left + width).min(self.width), (top + height).min(self.height));
        for row in top..bottom {
            if left < right {
                self.pixels[row * self.width + left..row * self.width + right].fill(ink);
            }
        }
    }

    /// Writes a text whose letters have dots of that side.
    pub(super) fn text(&mut self, left: usize, top: usize, text: &str, dot: usize, ink: u8) {
        for (column, row) in dots(text) {
            self.fill(left + column * dot, top + row * dot, dot, dot, ink);
        }
    }

    pub(super) fn into_png(self) -> Result<Vec<u8>, png::EncodingError> {
        let palette = [PALETTE.as_flattened(), INKS.as_flattened()].concat();
        png(&self.pixels, (self.width as u32, self.height as u32), Some(palette))
    }
}

/// Pixels as a PNG: (row, column) in a palette, or (row, column, RGB) without one. The size is width and height.
///
/// # Errors
/// Where the encoder refuses, as for a picture of more rows than the format has.
pub(crate) fn png(
    pixels: &[u8],
    (width, height): (u32, u32),
    palette: Option<Vec<u8>>,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(if palette.is_some() { ColorType::Indexed } else { ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}
