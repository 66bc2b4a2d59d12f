//! `port: { tcp: 443, address: 127.0.0.1 }`.

use std::net::IpAddr;

use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::Node;

use super::super::reader::Reader;
use super::parts::{FormTable, Takes, member};

/// A port on which something listens, as the tables of the kernel tell.
pub(super) const FORM: FormTable = FormTable {
    key: "port",
    script: concat!(include_str!("prelude.sh"), include_str!("port.sh")),
    subject: &["tcp", "udp"],
    refused: no_port,
    presence: "listening",
    members: &[member("address", Takes::Read(addresses))],
    by_default: None,
    example: "port: { tcp: 443, listening: true }",
};

fn no_port(name: &str) -> Option<&'static str> {
    let number = name.parse::<u16>().is_ok_and(|number| number > 0);
    (!number || name.starts_with(['0', '+'])).then_some("must be a number from 1 to 65535")
}

/// All addresses, in the order and the spelling of the script.
fn addresses(reader: &mut Reader, node: &Node) -> Option<String> {
    let mut found = Vec::new();
    for item in reader.items(node, "`address`") {
        let written = reader.fixed(item, "`address`")?;
        let Ok(address) = written.parse::<IpAddr>() else {
            let told = format!("`{written}` is not a valid address");
            let problem = Diagnostic::new(Code::BAD_VALUE, item.span.clone(), told);
            reader.report(problem.help("write addresses and no names: `address: 127.0.0.1`"));
            return None;
        };
        found.push(spelled(address));
    }
    found.sort();
    found.dedup();
    (!found.is_empty()).then(|| found.join(" "))
}

fn spelled(address: IpAddr) -> String {
    match address {
        IpAddr::V6(six) if !six.is_unspecified() && !six.is_loopback() => {
            let groups = six.segments().map(|group| format!("{group:04x}"));
            groups.join(":")
        }
        plain => plain.to_string(),
    }
}
