fn main() { println!("cargo::rerun-if-changed=player/dist"); }
