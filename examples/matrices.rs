//! Cuts a text into groups, fits a matrix of 100 digits to each, and names for each group the one whose digits are nearest:
//! `cargo run --release --example matrices -- README.md`.

use std::error::Error;
use tenfold::article::{MatrixOptions, matrices};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or("README.md".into());
    let options = MatrixOptions { name: Some(path.clone().into()), gist: true, ..MatrixOptions::default() };
    let made = matrices(&std::fs::read(path)?, &options, tenfold::go_on)?;

    for (index, (group, matrix)) in made.groups.iter().zip(&made.matrices).enumerate() {
        let others = made.matrices.iter().enumerate().filter(|&(other, _)| other != index);
        let nearest = others.min_by_key(|(_, other)| matrix.digit_distance(other));
        println!("{}. {} ({})", index + 1, group.title, group.keywords.join(", "));
        println!("   its digits say: {}", made.says[index].join(", "));
        if let Some((nearest, other)) = nearest {
            println!("   nearest: {}, {} apart", nearest + 1, matrix.digit_distance(other));
        }
    }
    Ok(())
}
