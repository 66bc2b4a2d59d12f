//! Programs that ask servers, or show and set what a machine's network is like.

use super::super::change::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::{Rest, Word};
use super::arguments::{changes_files, closed, unknown};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    Some(match name {
        "curl" => curl(args),
        "wget" => wget(args),
        "ip" => ip(args),
        "ss" => closed(name, args, &SS, usize::MAX),
        "nc" | "ncat" | "netcat" => {
            match tell(args, &Options::letters("zvun46", "w"), Until::TheEnd) {
                Ok(told) if told.has("z") => Doing::Observes,
                Ok(_) => unknown(name, "an open connection"),
                Err(word) => unknown(name, &word),
            }
        }
        "ping" | "ping6" => closed(name, args, &Options::letters("46nqDO", "cwWiIst"), 1),
        "openssl" => openssl(args),
        "iptables" | "ip6tables" => {
            let known = Options {
                long: &["list", "list-rules", "line-numbers", "numeric", "verbose"],
                ..Options::letters("LSnvx", "tw")
            };
            match tell(args, &known, Until::TheEnd) {
                Ok(told)
                    if told.operands.len() <= 2
                        && ["L", "S", "list", "list-rules"]
                            .iter()
                            .any(|lists| told.has(lists)) =>
                {
                    Doing::Observes
                }
                _ => Doing::mutates(name),
            }
        }
        "iptables-save" | "ip6tables-save" => closed(name, args, &Options::letters("c", "t"), 0),
        "nft" => nft(args),
        "ufw" => {
            let words: Option<Vec<&str>> = args.iter().map(Word::text).collect();
            match words.as_deref() {
                Some(
                    ["status"] | ["status", "verbose" | "numbered"] | ["version" | "--version"],
                ) => Doing::Observes,
                _ => Doing::mutates("ufw"),
            }
        }
        "nslookup" if !args.is_empty() => Doing::Observes,
        _ => return None,
    })
}

/// The options of curl that change neither the method nor a file.
const CURL: Options = Options {
    flags: "sSkfLIivgG460#Nqn",
    optional: "",
    valued: "mwHAeuboxXyYrzE",
    long: &[
        "silent",
        "show-error",
        "insecure",
        "fail",
        "fail-with-body",
        "location",
        "head",
        "include",
        "verbose",
        "globoff",
        "ipv4",
        "ipv6",
        "compressed",
        "http1.0",
        "http1.1",
        "http2",
        "http3",
        "no-keepalive",
        "no-buffer",
        "retry-all-errors",
        "retry-connrefused",
        "path-as-is",
        "tlsv1.2",
        "tlsv1.3",
        "basic",
        "progress-bar",
        "no-progress-meter",
        "netrc",
        "disable",
        "ssl-reqd",
        "cert-status",
        "raw",
    ],
    long_valued: &[
        "max-time",
        "connect-timeout",
        "write-out",
        "header",
        "user-agent",
        "referer",
        "user",
        "cookie",
        "output",
        "proxy",
        "request",
        "resolve",
        "connect-to",
        "cacert",
        "capath",
        "cert",
        "key",
        "retry",
        "retry-delay",
        "retry-max-time",
        "max-redirs",
        "url",
        "interface",
        "noproxy",
        "range",
        "proto",
        "unix-socket",
        "tls-max",
        "ciphers",
        "max-filesize",
        "limit-rate",
        "speed-limit",
        "speed-time",
        "oauth2-bearer",
        "dns-servers",
    ],
};

/// Options of curl that send something, or choose who sees it.
const CURL_SENDS: &[&str] = &[
    "-d",
    "-F",
    "-T",
    "--data",
    "--json",
    "--form",
    "--upload-file",
    "--url-query",
];

/// What `curl` tells of the status of an answer; `None` where that cannot be said.
pub(in crate::command) fn curl_tells(args: &[Word]) -> Option<StatusTold> {
    let told = tell(args, &CURL, Until::TheEnd).ok()?;
    let speaks_http = |url: &&Word| {
        let scheme = url.prefix.split_once("://").map(|(scheme, _)| scheme);
        matches!(scheme, None | Some("http" | "https"))
    };
    let mut urls = told.operands.iter().copied().chain(told.values("url"));
    if !urls.all(|url| speaks_http(&url)) {
        return None;
    }
    let formats = told.values("w").chain(told.values("write-out"));
    Some(StatusTold {
        by_exit: ["f", "fail", "fail-with-body"]
            .iter()
            .any(|name| told.has(name)),
        printed: formats
            .filter_map(Word::text)
            .find(|format| STATUSES.iter().any(|status| format.contains(status)))
            .map(str::to_owned),
    })
}

/// The status of the answer, in a format of `curl -w`.
const STATUSES: [&str; 2] = ["%{http_code}", "%{response_code}"];

/// What a client of HTTP tells of the status of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusTold {
    /// Whether its exit code says that the server answered with an error.
    pub(crate) by_exit: bool,
    /// The format, where it prints the status.
    printed: Option<String>,
}

impl StatusTold {
    /// What is printed for an answer with this status, where it is printed.
    pub(crate) fn prints(&self, status: u16) -> Option<String> {
        let format = self.printed.as_ref()?;
        let with_status = STATUSES.iter().fold(format.clone(), |text, name| {
            text.replace(name, &status.to_string())
        });
        Some(with_status.replace("\\n", "\n").replace("\\t", "\t"))
    }
}

fn curl(args: &[Word]) -> Doing {
    let told = match tell(args, &CURL, Until::TheEnd) {
        Ok(told) => told,
        Err(word) if CURL_SENDS.iter().any(|sends| word.starts_with(sends)) => {
            return Doing::mutates(format!("curl {word}"));
        }
        Err(word) => return unknown("curl", &word),
    };
    for method in told.values("X").chain(told.values("request")) {
        match method.text() {
            Some("GET" | "HEAD" | "OPTIONS") => {}
            Some(other) => return Doing::mutates(format!("curl -X {other}")),
            None => return unknown("curl", &format!("-X {}", method.shown)),
        }
    }
    for output in told.values("o").chain(told.values("output")) {
        if !matches!(output.text(), Some("/dev/null" | "-")) {
            return changes_files("curl -o", std::slice::from_ref(output));
        }
    }
    // `%output{FILE}` writes, and `@FILE` reads what nobody sees here.
    for form in told.values("w").chain(told.values("write-out")) {
        if !form
            .text()
            .is_some_and(|text| !text.contains("output{") && !text.starts_with('@'))
        {
            return unknown("curl", &format!("-w {}", form.shown));
        }
    }
    let urls = told.operands.iter().copied();
    for url in urls.chain(told.values("url")) {
        // `dict:`, `gopher:`, `telnet:` and the like send what the URL says.
        let scheme = url
            .prefix
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        let http = match scheme {
            Some(scheme) => scheme == "http" || scheme == "https",
            None => url.text().is_some(),
        };
        if !http {
            return unknown("curl", &url.shown);
        }
    }
    Doing::Observes
}

fn wget(args: &[Word]) -> Doing {
    let known = Options {
        flags: "qSnv46",
        optional: "",
        valued: "TtOU",
        long: &[
            "spider",
            "quiet",
            "server-response",
            "no-verbose",
            "no-check-certificate",
            "no-proxy",
        ],
        long_valued: &[
            "timeout",
            "tries",
            "output-document",
            "header",
            "user-agent",
            "max-redirect",
        ],
    };
    let told = match tell(args, &known, Until::TheEnd) {
        Ok(told) => told,
        Err(word)
            if word.starts_with("--post")
                || word.starts_with("--body")
                || word.starts_with("--method") =>
        {
            return Doing::mutates(format!("wget {word}"));
        }
        Err(word) => return unknown("wget", &word),
    };
    let mut outputs = told
        .values("O")
        .chain(told.values("output-document"))
        .peekable();
    let nowhere = told.has("spider")
        || outputs.peek().is_some()
            && outputs.all(|output| matches!(output.text(), Some("-" | "/dev/null")));
    if nowhere && told.operands.iter().all(|url| !url.prefix.is_empty()) {
        Doing::Observes
    } else {
        unknown("wget", "a file that it writes")
    }
}

/// Without `-K`, which closes the sockets that it shows, and `-D`, which writes a file.
const SS: Options = Options {
    flags: "tuwxnlpaeomis46HOQZzbrE0dSM",
    optional: "",
    valued: "fAN",
    long: &[
        "all",
        "dccp",
        "extended",
        "info",
        "ipv4",
        "ipv6",
        "listening",
        "memory",
        "no-header",
        "no-queues",
        "numeric",
        "oneline",
        "options",
        "packet",
        "processes",
        "resolve",
        "sctp",
        "summary",
        "tcp",
        "udp",
        "unix",
    ],
    long_valued: &["family", "query", "net"],
};

/// nft(8) joins its words to a script, in which `;` begins another command.
fn nft(args: &[Word]) -> Doing {
    let plain = |word: &&Word| {
        word.text().is_some_and(|text| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        })
    };
    let told = match tell(args, &Options::letters("asnNjty", ""), Until::TheEnd) {
        Ok(told) => told,
        Err(word) => return unknown("nft", &word),
    };
    match told.operands.first().and_then(|word| word.text()) {
        Some("list") if told.operands.iter().all(plain) => Doing::Observes,
        Some(
            "add" | "delete" | "flush" | "insert" | "replace" | "create" | "destroy" | "reset"
            | "rename",
        ) => Doing::mutates("nft"),
        _ => unknown("nft", "those arguments"),
    }
}

/// ip(8): an object, a verb and what it is about. Each may be shortened to a beginning, and the same
/// beginning is another verb for another object, so that only whole words are read.
fn ip(args: &[Word]) -> Doing {
    let known = Options {
        flags: "046sdrcohpjNB",
        valued: "nf",
        ..Options::default()
    };
    // Its long options have one dash.
    let long = [
        "-br", "-brief", "-json", "-oneline", "-details", "-stats", "-color", "-pretty", "-4", "-6",
    ];
    let args: Vec<Word> = args
        .iter()
        .filter(|word| !word.text().is_some_and(|text| long.contains(&text)))
        .cloned()
        .collect();
    let told = match tell(&args, &known, Until::FirstOperand) {
        Ok(told) => told,
        Err(word) => return unknown("ip", &word),
    };
    let Some(object) = told.operands.first() else {
        return Doing::Observes;
    };
    // Of these `s`, `sh` and `l` show.
    let shows_by_s = matches!(
        object.text(),
        Some("a" | "addr" | "address" | "r" | "route" | "rule" | "n" | "neigh" | "neighbour")
    );
    let other = matches!(
        object.text(),
        Some("l" | "link" | "netns" | "maddr" | "mroute" | "tunnel" | "vrf" | "nexthop")
    );
    let Some(verb) = told.operands.get(1) else {
        return if shows_by_s || other {
            Doing::Observes
        } else {
            unknown("ip", &object.shown)
        };
    };
    match verb.text() {
        Some("show" | "list" | "ls" | "lst" | "help") if shows_by_s || other => Doing::Observes,
        Some("get" | "s" | "sh" | "l") if shows_by_s => Doing::Observes,
        Some(
            "add" | "a" | "del" | "delete" | "d" | "set" | "change" | "replace" | "append"
            | "flush" | "f" | "up" | "down" | "save" | "restore",
        ) => Doing::mutates(format!("ip {} {}", object.shown, verb.shown)),
        _ => unknown("ip", &format!("{} {}", object.shown, verb.shown)),
    }
}

/// Options of `openssl x509` and `openssl s_client` that only show; OpenSSL writes them with one dash.
const OPENSSL: &[&str] = &[
    "-noout",
    "-text",
    "-subject",
    "-issuer",
    "-dates",
    "-enddate",
    "-startdate",
    "-fingerprint",
    "-sha256",
    "-sha1",
    "-serial",
    "-pubkey",
    "-hash",
    "-modulus",
    "-purpose",
    "-email",
    "-showcerts",
    "-brief",
    "-verify_return_error",
    "-tls1_2",
    "-tls1_3",
    "-quiet",
    "-no_ign_eof",
    "-ext_count",
    "-status",
    "-a",
    "-v",
];
const OPENSSL_VALUES: &[&str] = &[
    "-in",
    "-inform",
    "-nameopt",
    "-checkend",
    "-checkhost",
    "-checkip",
    "-ext",
    "-connect",
    "-servername",
    "-CAfile",
    "-CApath",
    "-alpn",
    "-starttls",
    "-verify_hostname",
    "-untrusted",
    "-verify",
];

fn openssl(args: &[Word]) -> Doing {
    let Some((first, rest)) = args.split_first() else {
        return unknown("openssl", "no arguments");
    };
    if !matches!(
        first.text(),
        Some("x509" | "s_client" | "verify" | "version" | "crl" | "ocsp_uri")
    ) {
        return unknown("openssl", &first.shown);
    }
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.text() {
            Some(text) if OPENSSL.contains(&text) => {}
            Some(text) if OPENSSL_VALUES.contains(&text) => {
                if let Some(value) = words.next()
                    && value.rest == Rest::Split
                {
                    return unknown("openssl", &value.shown);
                }
            }
            _ if word.may_be_option() => return unknown("openssl", &word.shown),
            _ => {}
        }
    }
    Doing::Observes
}
