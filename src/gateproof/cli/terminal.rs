//! What the commands print: the one way to the terminal, without secrets.

use crate::secrets;
use kit::console;

/// Prints a result on standard output.
pub(crate) fn out(text: &str) {
    console::out(&secrets::redact_known(text));
}

/// Prints a message on standard error.
pub(crate) fn err(text: &str) {
    console::err(&secrets::redact(text));
}

/// Prints help, or what is wrong with the command line.
pub(crate) fn usage(error: &clap::Error) {
    let styled = |color: bool| match color {
        true => error.render().ansi().to_string(),
        false => error.render().to_string(),
    };
    if error.use_stderr() {
        err(&styled(console::Color::Auto.on_stderr()));
    } else {
        out(&styled(console::Color::Auto.on_stdout()));
    }
}
