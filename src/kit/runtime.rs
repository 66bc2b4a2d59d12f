//! The asynchronous runtime of a program.

use std::pin::Pin;

/// The work of a command.
///
/// It is boxed, so that the body of each asynchronous function is compiled once, where it is
/// written, and not again in every function that waits for it.
pub type Work<'w, T> = Pin<Box<dyn Future<Output = T> + 'w>>;

/// Does the work on a new runtime.
///
/// # Errors
/// When the runtime cannot start its threads.
pub fn block_on<T>(work: Work<'_, T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    // A blocking call that still waits must not keep the program from ending.
    runtime.shutdown_background();
    Ok(done)
}
