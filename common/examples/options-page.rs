//! Prints `docs/user/options.md`: `cargo run -p common --example options-page > docs/user/options.md`.

fn main() {
    print!("{}", common::options::table::page());
}
