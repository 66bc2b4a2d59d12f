//! The services of the stand-in, the routes of its proxy, and its answers: pure.

use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};

use super::wire::{Answer, Message};

/// How long after a scale command the proxy's route follows. (Traefik's Swarm provider polls:
/// 0 to 17 s were measured on the real thing.)
pub const ROUTE_DELAY: Duration = Duration::from_millis(300);

/// The host name of the proxy's own API.
const API_HOST: &str = "traefik.ci.example.test";
/// The host name of the dashboard.
const DASHBOARD_HOST: &str = "ci.example.test";
/// The most replicas of a service.
const MOST_REPLICAS: u32 = 9;

const DASHBOARD_PAGE: &str = "<!doctype html>
<title>ci.example.test</title>
<h1>Dashboard</h1>
<p>A stand-in, served by gateproof on loopback.</p>
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StandInService {
    Dashboard,
    Proxy,
}

impl StandInService {
    const ALL: [StandInService; 2] = [StandInService::Dashboard, StandInService::Proxy];

    /// The name for `scale`.
    fn short(self) -> &'static str {
        match self {
            StandInService::Dashboard => "dashboard",
            StandInService::Proxy => "proxy",
        }
    }

    /// The name that is listed; `scale` takes it, too.
    fn full(self) -> &'static str {
        match self {
            StandInService::Dashboard => "ccci-dashboard_app",
            StandInService::Proxy => "traefik_app",
        }
    }

    fn find(name: &str) -> Result<StandInService, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|service| [service.short(), service.full()].contains(&name))
            .ok_or_else(|| format!("`{name}` is not a service; there are `dashboard` and `proxy`"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ControlCommand {
    /// `scale dashboard=0`
    Scale(StandInService, u32),
    /// `ps`, `ps dashboard`
    List(Option<StandInService>),
}

impl ControlCommand {
    pub(super) fn parse(text: &str) -> Result<ControlCommand, String> {
        let args: Vec<&str> = text.split_whitespace().collect();
        match args.as_slice() {
            ["ps"] => Ok(ControlCommand::List(None)),
            ["ps", name] => {
                StandInService::find(name).map(|service| ControlCommand::List(Some(service)))
            }
            ["scale", to] => {
                let (name, number) = to.split_once('=').ok_or("write `scale NAME=REPLICAS`")?;
                let service = StandInService::find(name)?;
                match number.parse() {
                    Ok(replicas) if replicas <= MOST_REPLICAS => {
                        Ok(ControlCommand::Scale(service, replicas))
                    }
                    _ => Err(format!(
                        "`{number}` is not a number of replicas (0 to {MOST_REPLICAS})"
                    )),
                }
            }
            _ => Err("the commands are `scale NAME=REPLICAS`, `ps` and `ps NAME`".into()),
        }
    }

    /// The number of replicas that the command asks for the proxy.
    pub(super) fn proxy_replicas(&self) -> Option<u32> {
        match self {
            ControlCommand::Scale(StandInService::Proxy, replicas) => Some(*replicas),
            _ => None,
        }
    }
}

/// The state of the stand-in.
pub(super) struct Swarm {
    started: DateTime<Utc>,
    proxy: u32,
    dashboard: u32,
    /// When the dashboard was last scaled, and whether it had a route then.
    scaled: (Instant, bool),
}

impl Swarm {
    /// One replica of each, and the route in place.
    pub(super) fn new(now: Instant, started: DateTime<Utc>) -> Swarm {
        Swarm {
            started,
            proxy: 1,
            dashboard: 1,
            scaled: (now, true),
        }
    }

    /// Carries out a command and returns its output.
    pub(super) fn obey(&mut self, command: &ControlCommand, now: Instant) -> String {
        match *command {
            ControlCommand::Scale(service, replicas) => {
                match service {
                    StandInService::Proxy => self.proxy = replicas,
                    StandInService::Dashboard => {
                        self.scaled = (now, self.has_route(now));
                        self.dashboard = replicas;
                    }
                }
                format!("{} scaled to {replicas}\n", service.full())
            }
            ControlCommand::List(Some(service)) => self.line(service),
            ControlCommand::List(None) => StandInService::ALL
                .map(|service| self.line(service))
                .concat(),
        }
    }

    fn line(&self, service: StandInService) -> String {
        let replicas = match service {
            StandInService::Dashboard => self.dashboard,
            StandInService::Proxy => self.proxy,
        };
        format!("{} {replicas}/{replicas}\n", service.full())
    }

    /// Whether the proxy has a route to the dashboard.
    fn has_route(&self, now: Instant) -> bool {
        let (scaled, before) = self.scaled;
        if now.saturating_duration_since(scaled) >= ROUTE_DELAY {
            self.dashboard > 0
        } else {
            before
        }
    }

    pub(super) fn page(&self, request: &Message, now: Instant) -> Answer {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Answer::text(405, "405 method not allowed\n".into());
        }
        match (request.host.as_str(), request.path.as_str()) {
            (API_HOST, "/api/version") => Answer::json(format!(
                r#"{{"Version":"3.6.15","Codename":"ramequin","startDate":"{}"}}"#,
                self.started.to_rfc3339_opts(SecondsFormat::Millis, true)
            )),
            (DASHBOARD_HOST, _) if self.has_route(now) => match self.dashboard {
                0 => Answer::text(502, "Bad Gateway".into()),
                _ => Answer::html(DASHBOARD_PAGE.into()),
            },
            _ => Answer::text(404, "404 page not found\n".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(swarm: &Swarm, host: &str, path: &str, now: Instant) -> Answer {
        let request = Message {
            method: "GET".into(),
            host: host.into(),
            path: path.into(),
            body: String::new(),
        };
        swarm.page(&request, now)
    }

    fn dashboard(swarm: &Swarm, now: Instant) -> u16 {
        ask(swarm, "ci.example.test", "/", now).status
    }

    #[test]
    fn the_route_follows_the_dashboard_a_moment_later_in_both_directions() {
        let t = Instant::now();
        let late = ROUTE_DELAY;
        let almost = ROUTE_DELAY - Duration::from_millis(1);
        let mut swarm = Swarm::new(t, Utc::now());
        assert_eq!(dashboard(&swarm, t), 200);
        swarm.obey(&ControlCommand::Scale(StandInService::Dashboard, 0), t);
        assert_eq!(dashboard(&swarm, t), 502);
        assert_eq!(dashboard(&swarm, t + almost), 502);
        assert_eq!(dashboard(&swarm, t + late), 404);
        let t = t + late;
        swarm.obey(&ControlCommand::Scale(StandInService::Dashboard, 2), t);
        assert_eq!(dashboard(&swarm, t + almost), 404);
        assert_eq!(dashboard(&swarm, t + late), 200);
    }

    #[test]
    fn the_api_answers_whatever_becomes_of_the_dashboard() {
        let now = Instant::now();
        let started = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let mut swarm = Swarm::new(now, started);
        swarm.obey(&ControlCommand::Scale(StandInService::Dashboard, 0), now);
        let answer = ask(&swarm, "traefik.ci.example.test", "/api/version", now);
        assert_eq!(answer.status, 200);
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "Version": "3.6.15",
                "Codename": "ramequin",
                "startDate": "2023-11-14T22:13:20.000Z",
            })
        );
    }

    #[test]
    fn what_has_no_route_is_not_found() {
        let now = Instant::now();
        let swarm = Swarm::new(now, Utc::now());
        for (host, path) in [
            ("traefik.ci.example.test", "/"),
            ("traefik.ci.example.test", "/api/version/"),
            ("other.test", "/"),
            ("", "/api/version"),
            ("127.0.0.1", "/"),
        ] {
            let answer = ask(&swarm, host, path, now);
            assert_eq!(answer.status, 404, "{host}{path}");
            assert_eq!(answer.body, "404 page not found\n");
        }
    }

    #[test]
    fn commands_are_read_with_the_short_and_the_full_name() {
        let scale = |n| Ok(ControlCommand::Scale(StandInService::Dashboard, n));
        assert_eq!(ControlCommand::parse("scale dashboard=0"), scale(0));
        assert_eq!(
            ControlCommand::parse(" scale  ccci-dashboard_app=1\n"),
            scale(1)
        );
        assert_eq!(ControlCommand::parse("ps"), Ok(ControlCommand::List(None)));
        assert_eq!(
            ControlCommand::parse("ps proxy"),
            Ok(ControlCommand::List(Some(StandInService::Proxy)))
        );
    }

    #[test]
    fn a_command_that_makes_no_sense_says_what_would() {
        for (text, words) in [
            ("", "scale NAME=REPLICAS"),
            ("scale", "scale NAME=REPLICAS"),
            ("scale dashboard", "scale NAME=REPLICAS"),
            ("scale dashboard=0 proxy=0", "scale NAME=REPLICAS"),
            ("scale dashbord=0", "`dashboard` and `proxy`"),
            ("ps dashbord", "`dashboard` and `proxy`"),
            ("scale dashboard=", "number"),
            ("scale dashboard=-1", "number"),
            ("scale dashboard=10", "0 to 9"),
        ] {
            let error = ControlCommand::parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn after_the_delay_only_the_last_scale_counts(
            steps in prop::collection::vec((0u32..3, 0u64..500), 1..8)
        ) {
            let mut now = Instant::now();
            let mut swarm = Swarm::new(now, Utc::now());
            let mut last = 1;
            for (replicas, pause) in steps {
                swarm.obey(&ControlCommand::Scale(StandInService::Dashboard, replicas), now);
                prop_assert!([200, 404, 502].contains(&dashboard(&swarm, now)));
                now += Duration::from_millis(pause);
                last = replicas;
            }
            let expected = if last > 0 { 200 } else { 404 };
            prop_assert_eq!(dashboard(&swarm, now + ROUTE_DELAY), expected);
        }
    }
}
