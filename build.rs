//! Lets the program build before its web client is: an empty folder embeds nothing.

fn main() {
    std::fs::create_dir_all("web/dist").expect("the source folder is writable");
    println!("cargo:rerun-if-changed=web/dist");
    println!("cargo:rerun-if-changed=migrations");
}
