//! Lines that people write, and lines that somebody writes to get past the reader.

use super::*;

mod traps;

fn scope(pairs: &[(&str, &str)]) -> Scope {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn shell(line: &str, scope: &Scope) -> Doing {
    doing(&CommandProbe::shell(Text::parse(line)), scope)
}

fn does(line: &str) -> Doing {
    shell(line, &Scope::new())
}

/// Every line that is judged otherwise, at once.
fn each(lines: &[&str], right: impl Fn(&Doing) -> bool) {
    let wrong: Vec<String> = lines
        .iter()
        .map(|line| (line, does(line)))
        .filter(|(_, doing)| !right(doing))
        .map(|(line, doing)| format!("{line}\n    {doing:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn observe(lines: &[&str]) {
    each(lines, |doing| *doing == Doing::Observes);
}

fn mutate(lines: &[&str]) {
    each(lines, |doing| matches!(doing, Doing::Mutates(_)));
}

fn unknown(lines: &[&str]) {
    each(lines, |doing| matches!(doing, Doing::Unknown(_)));
}

#[test]
fn commands_that_change_something_are_known_wherever_they_stand() {
    mutate(&[
        "rm -rf x",
        "docker kill x",
        "systemctl stop x",
        "sudo systemctl stop x",
        "nixos-rebuild switch",
        "reboot",
        "git push",
        "systemctl restart x",
        "docker service scale x=0",
        "docker service  scale x=0",
        "docker service rollback x",
        "docker compose down",
        "docker-compose down",
        "docker compose -f a.yml up -d",
        "kubectl delete pod x",
        "kubectl -n prod rollout restart deploy/x",
        "kill 1",
        "kill -9 1",
        "pkill traefik",
        "killall traefik",
        "shutdown -r now",
        "iptables -F",
        "echo a > /etc/x",
        "echo a >> /etc/x",
        "echo a | tee /etc/x",
        "echo a | sudo tee -a /etc/x",
        "sed -i s/a/b/ /etc/x",
        "sed -ni s/a/b/ /etc/x",
        "sed --in-place=.bak s/a/b/ /etc/x",
        "bash -c 'systemctl stop x'",
        "sh -c \"docker rm -f x\"",
        "docker ps -q | xargs docker stop",
        "xargs -0 -n1 docker stop < list",
        "curl -X DELETE http://x/",
        "curl -XPOST http://x/",
        "curl -d a=b http://x/",
        "curl --data-binary @f http://x/",
        "curl -F f=@x http://x/",
        "curl -T f http://x/",
        "curl -o /etc/x http://x/",
        "wget --post-data=a http://x/",
        "ssh cc-ci 'docker service scale x=0'",
        "ssh -q cc-ci docker service scale x=0",
        "true; ssh -o BatchMode=yes cc-ci \"systemctl stop x\"",
        "ssh a ssh b 'systemctl stop x'",
        "true && sudo -u root systemctl stop x",
        "for i in 1; do rm -rf x; done",
        "if true; then systemctl stop x; fi",
        "while false; do reboot; done",
        "case a in a) reboot;; esac",
        "f() { reboot; }; f",
        "( reboot )",
        "{ reboot; }",
        "echo $(reboot)",
        "echo \"$(reboot)\"",
        "echo `reboot`",
        "x=$(reboot)",
        "cat <(reboot)",
        "cat < $(reboot)",
        "timeout 5 reboot",
        "timeout -k 1 5 reboot",
        "nice -n 5 reboot",
        "env A=b LC_ALL=C reboot",
        "nohup reboot &",
        "setsid reboot",
        "exec reboot",
        "command reboot",
        "eval 'reboot'",
        "eval reboot now",
        "trap 'reboot' EXIT",
        "docker exec x rm -rf /data",
        "docker exec -it -u root x sh -c 'rm -rf /data'",
        "docker compose exec -T db dropdb x",
        "kubectl exec x -- rm -rf /data",
        "nsenter -t 1 -m -n systemctl stop x",
        "chroot /mnt reboot",
        "su -c 'reboot'",
        "su - postgres -c 'dropdb x'",
        "runuser -u postgres -- dropdb x",
        "busybox reboot",
        "/sbin/reboot",
        "/usr/bin/env reboot",
        "\\reboot",
        "re''boot",
        "\"systemctl\" 'stop' x",
        "systemctl \\\n  stop x",
        "systemctl --user --now -q stop x; systemctl --no-pager stop x",
        "find . -delete",
        "find /tmp -name x -exec rm {} +",
        "find /tmp -execdir rm {} \\;",
        "mount /dev/sda1 /mnt",
        "umount /mnt",
        "date -s 2020-01-01",
        "date 010100002020",
        "hostname other",
        "ip link set eth0 down",
        "ip addr flush dev eth0",
        "ip netns exec x reboot",
        "sysctl -w a.b=1",
        "crontab -r",
        "useradd x",
        "apt-get install x",
        "journalctl --vacuum-time=1d",
        "journalctl --rotate",
        "dd if=/dev/zero of=/dev/sda",
        "touch /etc/x",
        "cp a /etc/b",
        "rsync -a a b",
        "gunzip -t x; chmod 777 /etc/x",
        ": > /var/log/x",
        "2>/etc/x ls",
        "ls &> /etc/x",
        "ls >& /etc/x",
        "ls <> /etc/x",
        "exec > /etc/x",
        "! reboot",
        "reboot || true",
        "a=b reboot",
    ]);
}

#[test]
fn looking_is_known_argument_by_argument() {
    observe(&[
        "systemctl show -p LoadState -p After x",
        "systemctl --no-pager status deploy-proxy | head -10",
        "systemctl is-active x",
        "systemctl --failed",
        "systemctl list-units --state=failed --no-legend",
        "systemctl -p Result --value show x",
        "docker ps --format '{{.Names}}'",
        "docker service ls --format \"{{.Name}}\\t{{.Replicas}}\"",
        "docker service ls --filter name=x --format '{{.Replicas}}'",
        "docker network inspect proxy",
        "docker image inspect x",
        "docker -H ssh://x ps",
        "docker exec x cat /etc/passwd",
        "docker compose ps",
        "kubectl get pods -n x",
        "git log --oneline -1 -- nix/modules/docker-prune.nix",
        "git status --short",
        "git rev-parse HEAD",
        "git -C sub --no-pager diff --stat",
        "git ls-files \"tests/*/x.py\" | wc -l",
        "git grep -nE 'a|b'",
        "git -c color.ui=always show HEAD:x",
        "git branch --show-current",
        "git remote -v",
        "git config --get user.name",
        "git ls-files -o --exclude-standard",
        "git log --grep=\"$x\" -- \"$y\"",
        "cat /etc/os-release",
        "ls -A /var/lib/ci-warm/alerts/",
        "stat -c%s x",
        "grep -rn 'rm -rf' . || true",
        "grep \"rm -\" script",
        "echo \"systemctl stop x\"",
        "echo '$(reboot)' \\$\\(true\\)",
        "ssh cc-ci \"grep 'rm -rf' script\"",
        "ssh cc-ci echo docker rm",
        "ssh -q -o BatchMode=yes root@cc-ci -p 22 systemctl is-active x",
        "awk '{print $2}' x",
        "awk '$1 > 5 && /a|b/ { print $1, \"x > y\" }' x",
        "awk -F: -v n=3 'NR == n || /x/' /etc/passwd",
        "sed -n '1,5p' x",
        "sed 's/w/e/g; /x/d' x",
        "sed -e 's|a|b|' -e '$!N' x",
        "find . -name '*.rs' -type f -newer x -print",
        "find / -maxdepth 1 \\( -name a -o -name b \\) 2>/dev/null",
        "find . -type f -exec grep -l x {} +",
        "sort -k2,2n -u x | uniq -c",
        "journalctl -u x --since '-1h' --no-pager -o cat",
        "curl -sk -o /dev/null -w \"%{http_code}\" --max-time 10 --resolve \"t.example:443:127.0.0.1\" \"https://t.example/api/version\"",
        "curl -fsS https://x/ | jq -e .a",
        "curl -I -H 'Accept: x' localhost:8080/health",
        "dig +short x",
        "getent hosts probe-$RANDOM.ci.example.org",
        "ip addr show dev eth0; ip -br a; ip route; ip r get 1.1.1.1",
        "ss -ltn | grep :80",
        "ps aux | grep '[t]raefik'",
        "test -f x && [ -r x ] || echo no",
        "printf '%s\\n' a b",
        "head -3 x; tail -n 5 x; wc -l < x",
        "date -u +%s",
        "date -d yesterday -I",
        "hostname -f",
        "echo x | tee /dev/stderr",
        "ls >/dev/null 2>&1; ls 2>/dev/null; ls 2>&-; ls &>/dev/null",
        "for f in a b; do cat \"$f\"; done",
        "for svc in a b.timer; do ssh cc-ci \"systemctl cat $svc 2>/dev/null | grep -E 'After|Wants' | grep -v '^#'\"; done",
        "while read -r line; do echo \"$line\"; done < x",
        "if grep -q x y; then echo yes; else echo no; fi",
        "case \"$x\" in a*) echo a;; *) echo b;; esac",
        "f() { grep -c \"$1\" x; }; f a; f b",
        "n=$(ls | wc -l); [ \"$n\" -eq 3 ]",
        "echo $((1 + 2))",
        "sudo -n -u postgres pg_isready",
        "env LC_ALL=C sort x",
        "LC_ALL=C TZ=UTC date",
        "timeout 5 systemctl is-active x",
        "bash -euo pipefail -c 'docker ps | wc -l'",
        "sh -c 'ls; cat x'",
        "printf a | xargs -n1 echo",
        "git ls-files | xargs -0 grep -l x",
        "xargs -I{} cat d/{} < list",
        "nsenter --target 1 --net ss -ltn",
        "python3 --version; /usr/bin/git --version",
        "openssl x509 -in c.pem -noout -enddate",
        "command -v docker",
        "set -eu; cd /srv; pwd",
        "kill -0 123",
        "kill -9 $$",
        "sh -c 'kill $$'; exit $?",
        "ls {a,b} *.x ~/y",
        "cat <<'END'\n$(reboot)\nEND",
        "cat <<END\nplain $HOME\nEND",
        "# only a comment",
        "nix-store -q --references /run/current-system",
        "[[ -f x && $y == z ]]",
        "warm-reconcile spec traefik --json",
    ]);
}

#[test]
fn what_is_not_known_is_unknown() {
    unknown(&[
        "./test.sh",
        "make check",
        "cargo test",
        "nix develop .#lint --command bash scripts/lint.sh",
        "python3 -c 'print(1)'",
        "python3 engine/agents.py status",
        "docker run --rm -v d:/data alpine sh -c \"apk add -q sqlite\"",
        "nixos-rebuild build",
        "$x",
        "\"$cmd\" x",
        "$(which ls) x",
        "./ls",
        "/tmp/ls",
        "a/ls",
        "sh script.sh",
        "bash < script",
        "sh",
        "ssh host",
        "ssh -o ProxyCommand='reboot' host ls",
        "ssh -oProxyCommand=reboot host ls",
        "ssh host \"ls $x\"",
        "sh -c \"ls $x\"",
        "eval \"$x\"",
        "systemctl $verb x",
        "systemctl edit-it x",
        "docker \"$x\" y",
        "git -c core.fsmonitor=./x status",
        "git -c alias.x='!reboot' x",
        "git --exec-path=. status",
        "git log --output=x",
        "git log --outp=x",
        "git diff -o x",
        "git diff --ext-diff",
        "git show --textconv x",
        "git grep -Oreboot x",
        "git grep --open-files-in-pager=reboot x",
        "git cat-file --filters HEAD:x",
        "git ls-remote ext::reboot",
        "git ls-remote --upload-pack=reboot x",
        "git submodule foreach reboot",
        "git bisect run reboot",
        "git log \"$x\"",
        "git push --dry-run",
        "git fsck --lost-found",
        "find . -okdir rm {} \\;",
        "find . -fprint x",
        "find . -fls x",
        "find \"$x\" -name y",
        "find $x",
        "sort -o x y",
        "sort --output=x y",
        "sort --outp=x y",
        "sort --compress-program=./x y",
        "uniq a b",
        "xxd a b",
        "awk 'BEGIN { system(\"reboot\") }'",
        "awk '{ print > \"x\" }'",
        "awk '{ print | \"sh\" }'",
        "awk '\"reboot\" | getline'",
        "awk 'BEGIN { f = \"system\"; @f(\"reboot\") }'",
        "awk -f x.awk y",
        "awk \"$x\" y",
        "awk '{ print /\"/; print \"x\" | \"sh\"; print /\"/ }'",
        "awk '{ if (1) /\"/; print \"x\" | \"sh\"; y = \"/\" }'",
        "awk '{ x++ /\"/ 1; print \"x\" | \"sh\"; y = \"/\" }'",
        "gawk -i inplace '{print}' x",
        "sed 'w x' y",
        "sed '1e reboot' y",
        "sed 's/a/b/w x' y",
        "sed 's/a/reboot/e' y",
        "sed -n '/a/w x' y",
        "sed -f x y",
        "sed \"$x\" y",
        "curl -K x",
        "curl -K- http://x/",
        "curl \"$url\"",
        "curl -D headers http://x/",
        "curl -c jar http://x/",
        "curl --trace x http://x/",
        "curl -O http://x/",
        "curl gopher://x/_DELETE",
        "curl dict://x/",
        "curl -w '%output{x}' http://x/",
        "curl -X \"$m\" http://x/",
        "wget http://x/",
        "tar --to-command=reboot -tf x",
        "tar -xf x",
        "tee \"-a\" --output-error=warn",
        "rg --pre ./x y",
        "ss -K dst x",
        "nc host 80",
        "printf -v PATH x",
        "printf \"$x\"",
        "test -v 'a[$(reboot)]'",
        "echo $((a[$(reboot)]))",
        "echo $((x + 1))",
        "x='a[$(reboot)]'; echo $((x))",
        "[[ -v 'a[$(reboot)]' ]]",
        "[[ $x -eq 1 ]]",
        "((x = 1))",
        "((reboot))",
        "echo ${x@P}",
        "echo ${x:=y}",
        "echo ${x:-$(reboot)}",
        "echo ${x:-`reboot`}",
        "echo ${x[$(reboot)]}",
        "echo \"unfinished",
        "echo $(unfinished",
        "cat <<END\n$(reboot)\nEND",
        "cat <<END\n`reboot`\nEND",
        "PATH=.:$PATH ls",
        "PATH=/x; ls",
        "export PATH=/x; ls",
        "LD_PRELOAD=./x.so ls",
        "GIT_EXTERNAL_DIFF=./x git diff",
        "GIT_SSH_COMMAND=reboot git ls-remote x",
        "HOME=. git status",
        "BASH_ENV=./x bash -c ls",
        "IFS=x; ls",
        "read PATH < x",
        "read -r \"$x\" < y",
        "env PATH=. ls",
        "sudo LD_PRELOAD=./x ls",
        "docker exec -e LD_PRELOAD=/x y ls",
        "alias ls=reboot; ls",
        ". ./x",
        "source x",
        "rm_all x; rm_all() { :; }",
        "if false; then foo() { :; }; fi; foo x",
        "(foo() { :; }); foo x",
        "for i in ls; do i=reboot; $i; done",
        "for i in ls; do read i; $i; done",
        "for i in ls; do eval i=reboot; $i; done",
        "xargs -I{} sh -c 'cat {}' < x",
        "xargs find < x",
        "sudo -e /etc/x",
        "watch ls",
        "coproc ls",
        "journalctl --cursor-file=x",
        "vim x",
        "systemd-run ls",
        "mktemp",
    ]);
}

#[test]
fn a_parameter_is_known_as_long_as_the_line_does_not_set_it() {
    let known = scope(&[("unit", "a.service"), ("verb", "stop"), ("path", "/etc x")]);
    for line in [
        "systemctl cat ${unit}",
        "find ${path} -name x",
        "curl http://localhost/${unit}",
        "sh -c \"systemctl cat ${unit}\"",
        "for unit2 in a; do cat ${unit}; done",
    ] {
        assert_eq!(shell(line, &known), Doing::Observes, "{line}");
    }
    for line in [
        "systemctl ${verb} x",
        "sh -c \"systemctl ${verb} x\"",
        "ssh h systemctl ${verb} x",
    ] {
        assert!(matches!(shell(line, &known), Doing::Mutates(_)), "{line}");
    }
    for line in [
        "verb=show; systemctl ${verb} x",
        "for verb in show; do systemctl ${verb} x; done",
        "read verb; systemctl ${verb} x",
        "find ${captured} -name x",
        "${captured} x",
    ] {
        let doing = shell(line, &known);
        assert!(!matches!(doing, Doing::Observes), "{line}: {doing:?}");
    }
}

#[test]
fn words_that_no_shell_reads_are_a_command_as_well() {
    let argv = |words: &[&str]| {
        let words = words.iter().map(|word| Text::parse(word)).collect();
        let command = CommandProbe::plain(CommandLine::Argv(words));
        doing(&command, &Scope::new())
    };
    assert_eq!(argv(&["git", "status", "--short"]), Doing::Observes);
    assert_eq!(argv(&["echo", "$(reboot)", ">", "/etc/x"]), Doing::Observes);
    assert!(matches!(
        argv(&["sh", "-c", "systemctl stop x"]),
        Doing::Mutates(_)
    ));
    assert!(matches!(argv(&["${captured}", "x"]), Doing::Unknown(_)));
    assert!(matches!(argv(&["rm", "x"]), Doing::Mutates(_)));
}

#[test]
fn a_change_that_stays_in_the_folder_is_told_from_one_that_does_not() {
    let in_folder = |line: &str| match does(line) {
        Doing::Mutates(change) => change.reach < Reach::World,
        other => panic!("{line}: {other:?}"),
    };
    for line in [
        "git checkout main",
        "git fetch && git checkout x",
        "echo a > out.txt",
        "mkdir -p build/x && touch build/y",
        "sh -c 'rm -r build'",
        "sed -i s/a/b/ src/x",
    ] {
        assert!(in_folder(line), "{line}");
    }
    for line in [
        "git -C /srv/x checkout main",
        "echo a > /etc/x",
        "echo a > ../x",
        "echo a > \"$x\"",
        "rm -r build /etc/x",
        "cd /etc; rm x",
        "cd /etc && sh -c 'rm x'",
        "sh -c 'cd /etc; rm x'",
        "ssh h rm x",
        "docker exec c touch x",
        "chroot /mnt rm x",
        "touch ~/x",
        "git checkout main; reboot",
    ] {
        assert!(!in_folder(line), "{line}");
    }
}

#[test]
fn the_environment_of_a_command_counts_and_so_does_a_method() {
    let with = |name: &str| {
        let command = CommandProbe {
            env: vec![(name.to_owned(), Text::literal("x"))],
            ..CommandProbe::shell(Text::literal("ls"))
        };
        doing(&command, &Scope::new())
    };
    for fine in ["LC_ALL", "TZ", "greeting", "http_proxy"] {
        assert_eq!(with(fine), Doing::Observes, "{fine}");
    }
    for read in ["PATH", "LD_PRELOAD", "GIT_EXTERNAL_DIFF", "GREETING"] {
        assert!(matches!(with(read), Doing::Unknown(_)), "{read}");
    }
}

#[test]
fn a_puzzle_is_refused_and_does_not_take_long() {
    let deep = format!("{}ls{}", "( ".repeat(400), " )".repeat(400));
    let nested = format!("{}ls{}", "echo $(".repeat(300), ")".repeat(300));
    let some = format!("{}ls{}", "echo $(".repeat(16), ")".repeat(16));
    let defaults = format!("echo {}y{}", "${x:-".repeat(300), "}".repeat(300));
    let quotes = format!("echo {}y{}", "\"${x:-".repeat(100), "}\"".repeat(100));
    let loops = "for a in 1 2 3 4 5 6 7 8 9; do ".repeat(8) + "ls;" + &"done;".repeat(8);
    let long = "ls; ".repeat(20_000);
    let words = format!("ls {}", "x ".repeat(40_000));
    for line in [deep, nested, some, defaults, quotes, loops, long, words] {
        let began = std::time::Instant::now();
        let doing = does(&line);
        assert!(!matches!(doing, Doing::Mutates(_)), "{:?}", &line[..40]);
        assert!(
            began.elapsed().as_secs() < 20,
            "{:?}: {:?}",
            &line[..40],
            began.elapsed()
        );
    }
}
