//! The `gateproof` program.
fn main() {
    let p = std::env::args().nth(1).unwrap();
    match gateproof::load::load(std::path::Path::new(&p), &Default::default()) {
        Ok(f) => println!(
            "{:#?}",
            f.gates[0]
                .checks
                .iter()
                .map(|c| (&c.id, &c.with, &c.expected))
                .collect::<Vec<_>>()
        ),
        Err(e) => print!("{}", e.render(true)),
    }
}
