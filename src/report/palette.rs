//! The official ARC palette, for whatever draws grids: terminal, picture, page.
//!
//! In: a colour 0–9 of a grid. Out: red, green and blue.

/// Red, green and blue, 0–255 each.
pub type Rgb = [u8; 3];

/// The ten colours of ARC in the order of their numbers, as on arcprize.org.
pub const PALETTE: [Rgb; 10] = [
    [0x00, 0x00, 0x00], // 0 black
    [0x00, 0x74, 0xD9], // 1 blue
    [0xFF, 0x41, 0x36], // 2 red
    [0x2E, 0xCC, 0x40], // 3 green
    [0xFF, 0xDC, 0x00], // 4 yellow
    [0xAA, 0xAA, 0xAA], // 5 grey
    [0xF0, 0x12, 0xBE], // 6 magenta
    [0xFF, 0x85, 0x1B], // 7 orange
    [0x7F, 0xDB, 0xFF], // 8 sky blue
    [0x87, 0x0C, 0x25], // 9 maroon
];

/// The lines between the cells of a grid.
pub const GRID_LINE: Rgb = [0x55, 0x55, 0x55];

/// The frame or mark of a right answer. Not of the palette: darker than its green, so that the two are not confused.
pub const RIGHT: Rgb = [0x0B, 0x8A, 0x3A];

/// The frame or mark of a wrong answer. Not of the palette: darker than its red.
pub const WRONG: Rgb = [0xC6, 0x1A, 0x1A];

/// The palette's colour of a cell. What is no ARC colour is drawn like a grid line, so that a fault shows and nothing panics.
pub fn colour_of(cell: u8) -> Rgb {
    PALETTE.get(usize::from(cell)).copied().unwrap_or(GRID_LINE)
}

/// Whether light text reads better than dark text on this background.
///
/// By the luma weights of ITU-R BT.601, 0.299 red + 0.587 green + 0.114 blue, against half of the range.
pub fn is_dark([red, green, blue]: Rgb) -> bool {
    299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) < 128_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_is_the_official_one() {
        let hexadecimal: Vec<String> = PALETTE.iter().map(|[r, g, b]| format!("#{r:02X}{g:02X}{b:02X}")).collect();
        assert_eq!(
            hexadecimal.join(" "),
            "#000000 #0074D9 #FF4136 #2ECC40 #FFDC00 #AAAAAA #F012BE #FF851B #7FDBFF #870C25"
        );
    }

    #[test]
    fn a_cell_that_is_no_colour_does_not_panic() {
        assert_eq!(colour_of(9), PALETTE[9]);
        assert_eq!(colour_of(10), GRID_LINE);
        assert_eq!(colour_of(255), GRID_LINE);
    }

    #[test]
    fn text_is_light_on_dark_colours_only() {
        let dark: Vec<usize> = (0..10).filter(|&colour| is_dark(PALETTE[colour])).collect();
        assert_eq!(dark, [0, 1, 2, 6, 9]);
    }
}
