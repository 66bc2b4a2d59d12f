//! probe
/// shim
pub fn check_url(s: &str) -> Result<(), String> {
    if s.starts_with("http") {
        Ok(())
    } else {
        Err("scheme".into())
    }
}
