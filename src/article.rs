//! Articles: any bytes as short files, and texts as groups with 10×10 matrices of digits.
//!
//! ```
//! use tenfold::article::{self, ArticleOptions};
//!
//! let text = "A text is compressed as it is, whatever it says and in whatever encoding. ".repeat(9);
//! let mut options = ArticleOptions::default();
//! options.matrices.fit.steps = 5; // 200 by default
//! let file = article::compress(text.as_bytes(), &options, &tenfold::go_on)?;
//! assert_eq!(article::decompress(&file, &tenfold::go_on)?, text.as_bytes());
//! # Ok::<(), article::ArticleError>(())
//! ```
//!
//! A text falls into *information groups*, a title and 100 to 200 characters each, and each group has a matrix of 100
//! digits: near matrices, near groups. A file holds them beside the text, and with a *gist* the words that they stand
//! for.

pub use crate::code::article::Effort;
pub use crate::data::{Article, Group, GroupSettings, LengthsError, TitleSource, VectorsError};
pub use crate::fit::matrices::{MatrixSettings, MatrixSettingsError, Quantiser};
pub use crate::latent::DigitMatrix;
pub use crate::pipeline::article::{
    ArticleError, ArticleOptions, ArticleProgress, ArticleSummary, ArticleWatch, MatrixSummary,
};
pub use crate::pipeline::gist::{FileMatrices, GistError, GistSettings, MatrixMode, Saying, Telling, Told};
pub use crate::pipeline::matrices::{ArticleMatrices, MatricesError, MatrixOptions};
pub use crate::report::MatrixPictureError;

use crate::code::CodeError;
use crate::pipeline;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// Compresses bytes of any kind with the matrices of their groups, decodes the file again and compares.
///
/// # Errors
/// [`ArticleError`]: of the matrices' settings, or where `watch` breaks off.
///
/// ```
/// use tenfold::article::{self, ArticleOptions, GistSettings, MatrixMode};
///
/// // The text alone.
/// let options = ArticleOptions { matrices: GistSettings::new(MatrixMode::None, None), ..ArticleOptions::default() };
/// let readme = std::fs::read("README.md")?;
/// let file = article::compress(&readme, &options, &tenfold::go_on)?;
/// assert!(file.len() < readme.len() / 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compress(content: &[u8], options: &ArticleOptions, watch: &ArticleWatch) -> Result<Vec<u8>, ArticleError> {
    pipeline::article::compress(content, options, watch)
}

/// Gives back the content of a file, byte for byte.
///
/// # Errors
/// [`ArticleError`], where the file is wrong, or `watch` breaks off.
///
/// ```
/// let file = std::fs::read("tests/golden/mixed.md.v1.tenfold")?;
/// assert_eq!(tenfold::article::decompress(&file, &tenfold::go_on)?, std::fs::read("tests/golden/mixed.md")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decompress(file: &[u8], watch: &ArticleWatch) -> Result<Vec<u8>, ArticleError> {
    let mut content = Vec::new();
    pipeline::article::decompress_watched(file, &mut content, watch)?;
    Ok(content)
}

/// Writes the content of a file block by block, and gives its length in bytes; for what does not fit in memory. What was
/// written is only good if this succeeds.
///
/// # Errors
/// As [`decompress`], and where `output` fails.
///
/// ```
/// let file = std::fs::read("tests/golden/mixed.md.v1.tenfold")?;
/// let bytes = tenfold::article::decompress_into(&file, &mut std::io::sink(), &tenfold::go_on)?;
/// assert_eq!(bytes, std::fs::metadata("tests/golden/mixed.md")?.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decompress_into(file: &[u8], output: &mut impl Write, watch: &ArticleWatch) -> Result<u64, ArticleError> {
    pipeline::article::decompress_watched(file, output, watch)
}

/// Cuts a text into information groups, each with a title and keywords; the ending of `name` says what kind of text it
/// is, and where it doesn't, the content decides.
///
/// # Errors
/// Where the settings leave no room to cut.
///
/// ```
/// use tenfold::article::{GroupSettings, groups};
///
/// let article = groups(b"# Rabbits\n\nThe rabbit ran.", Some("a.md".as_ref()), GroupSettings::default())?;
/// assert_eq!(article.groups[0].title, "Rabbits");
/// # Ok::<(), tenfold::article::LengthsError>(())
/// ```
pub fn groups(content: &[u8], name: Option<&Path>, settings: GroupSettings) -> Result<Article, LengthsError> {
    Article::read(content, name, settings)
}

/// The matrices of an article's groups: fitted to its text, or those that its `.tenfold` file holds. `watch` hears of
/// each step of the fit.
///
/// # Errors
/// [`MatricesError`].
///
/// ```
/// use tenfold::article::{MatrixOptions, matrices};
///
/// let mut options = MatrixOptions::default();
/// options.fit.steps = 3; // 200 by default
/// let made = matrices(&std::fs::read("README.md")?, &options, tenfold::go_on)?;
/// for (group, matrix) in made.groups.iter().zip(&made.matrices).take(1) {
///     println!("{}\n{matrix:?}", group.title);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn matrices(
    content: &[u8],
    options: &MatrixOptions,
    watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<ArticleMatrices, MatricesError> {
    pipeline::matrices::matrices(content, options, watch)
}

/// What a file's matrices say without its text; nothing where it has none.
///
/// # Errors
/// [`CodeError`], where the file is wrong.
///
/// ```
/// let file = std::fs::read("tests/golden/mixed.md.gist.v2.tenfold")?;
/// let gist = tenfold::article::gist(&file)?.ok_or("no matrices")?;
/// let says = gist.says().ok_or("no words")?;
/// println!("{}: {}", says[0].title.join(" "), says[0].keywords.join(", "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gist(file: &[u8]) -> Result<Option<FileMatrices>, CodeError> {
    FileMatrices::read(file)
}

/// What is in a file and where its bits went. It is decoded, so that it has been checked to the last bit.
///
/// # Errors
/// [`ArticleError`], where the file is wrong.
///
/// ```
/// let file = std::fs::read("tests/golden/mixed.md.v1.tenfold")?;
/// assert_eq!(tenfold::article::inspect(&file)?.ledger.total_bits(), 8 * file.len() as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(file: &[u8]) -> Result<ArticleSummary, ArticleError> {
    pipeline::article::inspect(file)
}

/// A PNG of matrices in ARC's colours, side by side.
///
/// # Errors
/// [`MatrixPictureError`], where there are too many for a picture.
///
/// ```
/// use tenfold::article::{gist, picture};
///
/// let file = std::fs::read("tests/golden/mixed.md.gist.v2.tenfold")?;
/// let matrices = gist(&file)?.ok_or("no matrices")?.digits.matrices;
/// assert!(picture(&matrices)?.starts_with(b"\x89PNG"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn picture(matrices: &[DigitMatrix]) -> Result<Vec<u8>, MatrixPictureError> {
    crate::report::matrices_picture(matrices)
}

/// Reads vectors of somebody else's from a NumPy array, (group, dimension), for [`MatrixOptions::vectors`].
///
/// # Errors
/// Where the file can't be read or holds something else.
///
/// ```
/// assert!(tenfold::article::read_vectors("no.npy".as_ref()).is_err());
/// ```
pub fn read_vectors(path: &Path) -> Result<ndarray::Array2<f32>, VectorsError> {
    crate::data::read_vectors(path)
}
