//! Makes a binary that carries the torch engine find libtorch by rpath, so that it runs without LD_LIBRARY_PATH.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if std::env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return;
    }
    match std::env::var("LIBTORCH") {
        Ok(libtorch) => println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib"),
        Err(_) => println!(
            "cargo:warning=the feature `torch` needs LIBTORCH: run `make libtorch`, or set it to a PyTorch 2.11.0"
        ),
    }
}
