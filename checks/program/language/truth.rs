//! Expectations that once held in a world in which the claim is false, or failed in one in which it
//! is true: each is asked in both.

use test_kit::program::Scratch;

use super::kit::claim;
use super::server::Server;

/// What is asked where the claim is true, what where it is false, the expectation, and how the latter
/// comes out.
struct Row {
    name: &'static str,
    good: String,
    bad: String,
    expect: &'static str,
    outcome: &'static str,
}

fn row(
    name: &'static str,
    good: &str,
    bad: &str,
    expect: &'static str,
    outcome: &'static str,
) -> Row {
    Row {
        name,
        good: good.to_owned(),
        bad: bad.to_owned(),
        expect,
        outcome,
    }
}

/// A document on standard output.
fn document(
    name: &'static str,
    good: &str,
    bad: &str,
    expect: &'static str,
    outcome: &'static str,
) -> Row {
    let printed = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        format!("run: cat\nstdin: {}", quoted.replace('\u{feff}', "\\ufeff"))
    };
    row(name, &printed(good), &printed(bad), expect, outcome)
}

fn rows(server: &Server) -> Vec<Row> {
    let at = |path: &str| format!("http: {}", server.url(path));
    let closed = "http: http://127.0.0.1:1/";
    let http = |name, good: &str, bad: &str, expect, outcome| {
        row(name, &at(good), &at(bad), expect, outcome)
    };
    let mut rows = vec![
        http(
            "no cookie B",
            "/cookies/good",
            "/cookies",
            "{ header: { set-cookie: { not: { contains: 'B=' } } } }",
            "FAIL",
        ),
        http(
            "no cookie B, said",
            "/cookies/good",
            "/cookies",
            "{ header: { set-cookie: { none: { contains: 'B=' } } } }",
            "FAIL",
        ),
        http(
            "every cookie is Secure",
            "/cookies/good",
            "/cookies",
            "{ header: { set-cookie: { every: { matches: '(?i);\\s*secure' } } } }",
            "FAIL",
        ),
        http(
            "no error in a gzip body",
            "/gzip/good",
            "/gzip/bad",
            "{ status: 200, body: { not: { contains: error } } }",
            "FAIL",
        ),
        http(
            "a body that is not what it says",
            "/gzip/good",
            "/gzip/none",
            "{ status: 200, body: { not: { contains: warning } } }",
            "ERROR",
        ),
        http(
            "the named character set",
            "/latin1",
            "/",
            "{ body: grün }",
            "FAIL",
        ),
        document(
            "a number beyond a double",
            "{\"n\":9007199254740992}",
            "{\"n\":9007199254740993}",
            "{ json: { $.n: { number: { max: 9007199254740992 } } } }",
            "FAIL",
        ),
        document(
            "the same digits",
            "{\"id\":1236546565217899832645}",
            "{\"id\":1236546565217899832644}",
            "{ json: { $.id: 1236546565217899832645 } }",
            "FAIL",
        ),
        document(
            "a shortest double",
            "{\"v\":466.15703172372724}",
            "{\"v\":466.1570317237272}",
            "{ json: { $.v: 466.15703172372724 } }",
            "FAIL",
        ),
        document(
            "a text number beyond a double",
            "9007199254740993",
            "9007199254740992",
            "{ stdout: { number: { above: 9007199254740992 } } }",
            "FAIL",
        ),
        document(
            "one number out of range",
            "{\"a\":1,\"b\":1e999}",
            "{\"a\":2,\"b\":1e999}",
            "{ json: { $.a: 1 } }",
            "FAIL",
        ),
        document(
            "a key twice",
            "{\"status\":\"up\"}",
            "{\"status\":\"down\",\"status\":\"up\"}",
            "{ json: { $.status: up } }",
            "ERROR",
        ),
        document(
            "absent in null",
            "{}",
            "null",
            "{ json: { $.health_domain: { absent: true } } }",
            "FAIL",
        ),
        document(
            "absent in a list",
            "{}",
            "[{\"health_domain\":1}]",
            "{ json: { $.health_domain: { absent: true } } }",
            "FAIL",
        ),
        document(
            "absent below a list",
            "{\"a\":{}}",
            "{\"a\":[{\"b\":1}]}",
            "{ json: { $.a.b: { absent: true } } }",
            "FAIL",
        ),
        document(
            "every state",
            "{\"i\":[{\"s\":\"up\"}]}",
            "{\"i\":[{\"s\":\"up\"},{\"s\":\"down\"}]}",
            "{ json: { '$.i[*].s': { every: up } } }",
            "FAIL",
        ),
        document(
            "none where there is nothing",
            "{\"i\":[1]}",
            "{\"i\":[]}",
            "{ json: { '$.i[*]': { none: 2 } } }",
            "FAIL",
        ),
        document(
            "a byte order mark",
            "\u{feff}{\"a\":1}",
            "\u{feff}{\"a\":2}",
            "{ json: { $.a: 1 } }",
            "FAIL",
        ),
        document(
            "half a surrogate elsewhere",
            "{\"a\":1,\"b\":\"\\ud83d\"}",
            "{\"a\":2,\"b\":\"\\ud83d\"}",
            "{ json: { $.a: 1 } }",
            "FAIL",
        ),
        document(
            "percent",
            "50%",
            "70%",
            "{ stdout: { number: { unit: '%', max: 60 } } }",
            "FAIL",
        ),
        document(
            "a size",
            "7.5G",
            "9G",
            "{ stdout: { number: { unit: bytes, max: 8G } } }",
            "FAIL",
        ),
        document(
            "grouped digits",
            "1,234",
            "234",
            "{ stdout: { number: { form: '1,234.5', min: 1000 } } }",
            "FAIL",
        ),
        document(
            "every byte",
            "a\n",
            "a",
            "{ stdout: { exact: \"a\\n\" } }",
            "FAIL",
        ),
        row(
            "gzip on standard output",
            "run: echo fine",
            "run: echo error | gzip -c",
            "{ stdout: { not: { contains: error } } }",
            "ERROR",
        ),
        row(
            "no secret in bytes",
            "run: echo fine",
            "run: \"printf '\\\\377\\\\376\\\\377'\"",
            "{ stdout: { secrets: absent } }",
            "ERROR",
        ),
        row(
            "UTF-16 on standard output",
            "run: echo fine",
            "run: \"printf 'e\\\\000r\\\\000r\\\\000o\\\\000r\\\\000'\"",
            "{ stdout: { not: { contains: error } } }",
            "ERROR",
        ),
    ];
    for path in ["/short", "/escape", "/ssh", "/http2", "/lengths", "/chunk"] {
        rows.push(row("nothing answers", closed, &at(path), "999", "FAIL"));
        rows.push(row(
            "empty",
            &at("/empty"),
            &at(path),
            "{ no_answer: empty }",
            "FAIL",
        ));
        rows.push(row(
            "broken",
            &at(path),
            closed,
            "{ no_answer: broken }",
            "FAIL",
        ));
    }
    rows
}

#[test]
fn each_named_expectation_is_green_in_the_true_world_and_red_in_the_false_one() {
    let server = Server::start();
    let rows = rows(&server);
    let names: Vec<(String, String)> = (0..rows.len())
        .flat_map(|n| [(format!("t{n}"), true), (format!("f{n}"), false)])
        .map(|(id, good)| {
            let row = &rows[id[1..].parse::<usize>().unwrap()];
            let asked = if good { &row.good } else { &row.bad };
            (id, format!("{asked}\nexpect: {}", row.expect))
        })
        .collect();
    let checks: Vec<(&str, &str)> = names
        .iter()
        .map(|(id, rest)| (id.as_str(), rest.as_str()))
        .collect();
    let run = Scratch::with(claim("", &checks)).recorded(&[]);
    let mut wrong = Vec::new();
    println!("{:<34} {:<10} {:<10} expectation", "claim", "true", "false");
    for (n, row) in rows.iter().enumerate() {
        let (good, bad) = (format!("t{n}"), format!("f{n}"));
        let seen = (run.outcome(&good).to_owned(), run.outcome(&bad).to_owned());
        println!(
            "{:<34} {:<10} {:<10} {}",
            row.name, seen.0, seen.1, row.expect
        );
        if seen != ("PASS".to_owned(), row.outcome.to_owned()) {
            wrong.push(format!(
                "{}: {} {}",
                row.name,
                run.check(&good),
                run.check(&bad)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
