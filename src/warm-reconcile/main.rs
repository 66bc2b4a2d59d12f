//! The `warm-reconcile` program.

fn main() -> std::process::ExitCode {
    warm_reconcile::cli::main()
}
