//! Lines that look as if they observed, and do not.

use proptest::prelude::*;

use super::*;

/// None of the lines may be judged to observe.
fn never_observe(lines: &[&str]) {
    each(lines, |doing| *doing != Doing::Observes);
}

#[test]
fn every_argument_is_read_and_not_only_the_first_ones() {
    never_observe(&[
        "dd if=/dev/zero bs=1M of=/dev/sda",
        "dd bs=1M if=x conv=notrunc of=/dev/sda",
        "dd if=x $more",
        "kill 1 $$",
        "kill -9 $$ 1",
        "kill -s KILL $$ 1",
        "kill -0 -9 1",
        "kill -0",
        "pkill -0 -KILL x",
        "crontab -l -r",
        "tee -",
        "systemctl show x; systemctl stop x",
        "nft list ruleset \\; flush ruleset",
        "nft list 'ruleset; flush ruleset'",
        "nft list ruleset -f ./x",
        "ufw status \\; disable",
        "git remote -v add x y",
        "git remote --verbose rename x y",
        "git bisect view reset --hard",
        "git bisect visualize reset --hard",
        "jobs -x reboot",
        "hash -p ./evil ls",
        "set -k",
        "wait -n -p 'a[$(reboot)]'",
        "find . -exec sort + -o /etc/x \\;",
        "rpm -q -E '%(reboot)'",
        "rpm -qa --pipe reboot",
        "rpm -q --define 'x %(reboot)' x",
        "iptables -L -F",
        "su -c ls -c reboot",
        "service ../../tmp/x status",
        "rc-service ./x status",
        "tar -tf host:x",
        "journalctl -u x --vacuum-t=1d",
        "journalctl -u x --rot",
        "journalctl --cursor-f=x",
        "lspci -q",
        "lspci -O a=b",
    ]);
}

#[test]
fn a_word_that_is_shortened_is_not_taken_for_another_one() {
    never_observe(&[
        "ip link s eth0 down",
        "ip l s eth0 down",
        "ip xfrm s flush",
        "ip xfrm state flush",
        "ip netns d x",
        "ip link ch eth0 up",
        "git log --outpu=x",
        "kubectl get pods --profile-outp=x",
        "sort --outpu=x y",
    ]);
    observe(&[
        "ip a s",
        "ip route show default",
        "ip netns list",
        "ip l",
        "kill -s 0 123",
        "kill -0 123 124",
        "iptables -nL",
        "iptables -t nat -L PREROUTING -n",
        "ufw status verbose",
        "nft list table inet filter",
        "git remote show origin",
        "dd if=/dev/sda bs=512 count=1 status=none",
    ]);
}

#[test]
fn the_value_of_an_option_is_read() {
    never_observe(&[
        "[ -v 'a[$(reboot)]' ]",
        "[ x -o -v 'a[$(reboot)]' ]",
        "test x -a -v 'a[$(reboot)]'",
        "test -R 'a[$(reboot)]'",
        "[ $(echo -v 'a[$(reboot)]') ]",
        "[ \"$op\" 'a[$(reboot)]' ]",
        "xargs --replace reboot cat",
        "xargs --max-lines reboot ls",
        "xargs -i reboot {}",
        "xargs -l reboot",
        "xargs --eof reboot",
        "xargs --process-slot-var=LD_PRELOAD ls",
        "su -s ./evil -c ls",
        "su --shell=./evil -c ls",
        "runuser -s /tmp/x -c ls",
        "ssh -F ./conf h ls",
        "ssh -F conf h ls",
        "ssh h -F ./conf ls",
        "ssh -S ./x -O exit h ls",
        "ssh -I ./x.so h ls",
        "ssh -o PKCS11Provider=./x.so h ls",
        "kubectl exec --kubeconfig=./x p -- ls",
        "kubectl --kubeconfig ./x exec p -- ls",
        "kubectl get pods --kubeconfig ./x",
        "kubectl get pods --profile=cpu --profile-output=/etc/x",
        "helm list --kubeconfig x",
        "sudo -R ./root ls",
        "chroot ./root ls",
        "smartctl -l scterc,70,70 /dev/sda",
        "lvs --config 'log/file=/etc/x'",
        "zpool iostat -c reboot",
        "zpool status -c ./x",
        "busctl --address=unixexec:path=./x list",
        "apt-cache -o APT::x=y policy",
        "sqlite3 -readonly db \"select writefile('/etc/x', 'y')\"",
        "sqlite3 -readonly db \"select load_extension('./x')\"",
        "sqlite3 -readonly db \"select \\\"writefile\\\"('/etc/x', 'y')\"",
        "sqlite3 -readonly db 'vacuum into x'",
        "sqlite3 -readonly -cmd .shell db 'select 1'",
        "sqlite3 db 'delete from x'",
        "sed -i '1e reboot' x",
        "env -u PATH ls",
        "yq -s .a x",
        "split --filter=reboot x",
        "docker buildx ls --config=x",
    ]);
    observe(&[
        "[ -f x -a -r \"$y\" ]",
        "[ \"$(ls | wc -l)\" -eq 3 ]",
        "[ ! \"$x\" ]",
        "[ -n \"$x\" ] && test \"$x\" = y",
        "xargs -n1 --max-procs=4 grep -l x < y",
        "xargs --replace={} cat d/{} < y",
        "su -s /bin/sh -c ls x",
        "ssh -F /dev/null h ls",
        "kubectl exec -n x p -c y -- cat /etc/os-release",
        "kubectl -n x exec -it p -- ls",
        "kubectl get pods -n x -o json -l app=y --field-selector=a=b",
        "journalctl -u x -n 5 -o cat -b --no-pager",
        "journalctl -n5 --since=-1h",
        "rpm -qa --qf '%{NAME}'",
        "rpm -q --last bash",
        "lvs --noheadings -o lv_name",
        "zpool status -x",
        "sqlite3 -readonly db 'select count(*) from x where (a = 1)'",
        "ss -ltn src :80",
        "tree -L 2 x",
        "file -b x",
        "rg -n x --glob '*.rs'",
        "yq -r .a x",
        "set -euo pipefail; ls",
        "set -- a b; ls",
    ]);
}

#[test]
fn a_program_that_does_its_work_without_arguments_needs_the_option_that_only_looks() {
    never_observe(&[
        "ssh-keygen -f id",
        "ssh-keygen",
        "ssh-add",
        "ssh-add -E md5",
        "/usr/sbin/sshd",
        "sshd -f ./x",
        "visudo",
        "visudo -f x",
        "crontab",
        "rpm x",
        "nix-store x",
        "make version",
        "python3 version",
        "perl version",
        "bash version",
        "ssh version",
        "redis-server version",
        "sqlite3 version",
        "wget version",
        "gcc version",
    ]);
    observe(&[
        "ssh-keygen -lf x",
        "ssh-keygen -F h -f x",
        "ssh-add -l",
        "sshd -T",
        "visudo -c -f x",
        "crontab -u x -l",
        "docker version",
        "python3 -V",
    ]);
}

#[test]
fn a_function_is_known_to_the_shell_alone() {
    never_observe(&[
        "rm() { :; }; sudo rm -rf /x",
        "reboot() { :; }; timeout 5 reboot",
        "reboot() { :; }; env reboot",
        "reboot() { :; }; command reboot",
        "reboot() { :; }; exec reboot",
        "reboot() { :; }; find . -exec reboot \\;",
        "reboot() { :; }; ls | xargs reboot",
        "reboot() { :; }; sh -c reboot",
    ]);
    observe(&["look() { ls; }; look; look | cat; if look; then look; fi"]);
}

#[test]
fn the_variable_of_a_loop_stays_what_the_loop_says() {
    never_observe(&[
        "echo $(for i in ls; do i=reboot; $i; done)",
        "cat < <(for i in ls; do i=reboot; $i; done)",
        "x=$(for i in ls; do i=reboot; $i; done)",
        "for i in ls; do for i in reboot; do :; done; $i; done",
        "f() { for i in reboot; do :; done; }; for i in ls; do f; $i; done",
        "g() { for i in reboot; do :; done; }; f() { for i in ls; do g; $i; done; }; f",
        "for i in ls; do eval 'for i in reboot; do :; done'; $i; done",
        "for _ in ls; do : reboot; $_; done",
    ]);
    observe(&["for i in a; do cat $i; done; for i in b; do ls $i; done"]);
}

#[test]
fn an_expansion_that_may_run_something_is_one_wherever_it_stands() {
    let expansions = [
        "${x@P}",
        "${a[x]}",
        "$[x]",
        "${x:y:1}",
        "${x:0:y}",
        "${x:-${y@P}}",
        "${x:=y}",
        "${!x}",
        "${#a[x]}",
        "${#-$(reboot)}",
        "$((x))",
        "$(($1))",
        "$((a[1]))",
        "`reboot`",
        "$(reboot)",
    ];
    for expansion in expansions {
        for place in [
            format!("echo {expansion}"),
            format!("echo \"{expansion}\""),
            format!("x={expansion}"),
            format!("ls < {expansion}"),
            format!("echo ${{y:-{expansion}}}"),
            format!("cat <<END\n{expansion}\nEND"),
            format!("[[ {expansion} == y ]]"),
            format!("case {expansion} in x) ls;; esac"),
            format!("for i in {expansion}; do ls; done"),
            format!("echo $\"{expansion}\""),
        ] {
            assert_ne!(does(&place), Doing::Observes, "{place}");
        }
    }
    for expansion in [
        "$x", "${x}", "${x:-y}", "${x#a}", "${x%%.*}", "${x/a/b}", "${x:0:5}", "${#x}", "$1", "$$",
        "$?",
    ] {
        for place in [
            format!("echo {expansion}"),
            format!("echo \"{expansion}\""),
            format!("cat <<END\n{expansion}\nEND"),
            format!("[[ {expansion} == y ]]"),
            format!("echo ${{y:-{expansion}}}"),
        ] {
            assert_eq!(does(&place), Doing::Observes, "{place}");
        }
    }
    never_observe(&["echo $'a\\' $(reboot) '"]);
    observe(&["echo $((1 + 2 * 3))", "echo \"$((0x10 / 2))\""]);
}

#[test]
fn all_arguments_in_quotes_are_several_words() {
    never_observe(&[
        "uniq \"a$@\"",
        "xxd \"a$@\"",
        "git branch --contains \"a$@\"",
        "git branch --contains $x",
        "sort -k $x y",
        "find . -name $x",
        "openssl x509 -in $x",
    ]);
    observe(&["cat \"a$@\"", "uniq \"a$*\""]);
}

#[test]
fn an_awk_program_goes_on_behind_the_end_of_a_line() {
    never_observe(&[
        "awk '{ print \"x\" \\\n > \"/etc/x\" }'",
        "awk '{ print \"x\",\n \"y\" > \"/etc/x\" }'",
        "awk '{ printf \"x\" &&\n 1 > \"/etc/x\" }'",
        "awk '{ print \"x\"\n > \"/etc/x\" }'",
    ]);
}

#[test]
fn a_change_in_another_folder_is_seen() {
    for line in [
        "env -C /srv rm x",
        "env --chdir=/srv rm x",
        "sudo -D /srv rm x",
        "sudo --chdir=/srv rm x",
        "find /etc -exec rm {} \\;",
        "find /etc -execdir rm {} \\;",
        "find /etc -name x -exec rm {} +",
        "cp --target-directory=/etc x",
        "cp -t/etc x",
        "mv -t.. x",
        "cp --target-directory=../x y",
        "git clone x /srv/y",
        "git clone x ../y",
        "git init /srv/x",
        "git init --separate-git-dir=/srv/x",
        "git clone -u reboot x y",
        "git clone --config=core.fsmonitor=reboot x y",
        "git rebase -x reboot HEAD~1",
        "git rebase --exe=reboot HEAD~1",
        "git fetch ext::reboot",
        "git filter-branch --tree-filter reboot",
        "git checkout-index --prefix=/etc/ -a",
        "dd if=x of=/dev/sda",
        "dd if=x of=~/y",
        "dd if=x of=$y",
        "rm a*/../../etc/x",
        "rm -r .*",
        "sed -i 'w /etc/x' y",
        "sed -i.bak -e s/a/b/ /etc/x",
        "split --filter=reboot x",
        "install --strip-program=./x -s y z",
        "command cd /etc; rm x",
        "builtin cd /etc; rm x",
        "eval 'cd /etc'; rm x",
        "find . -exec cd /etc \\; ; env -C .. rm x",
    ] {
        match does(line) {
            Doing::Mutates(change) => assert_eq!(change.reach, Reach::World, "{line}"),
            Doing::Unknown(_) => {}
            Doing::Observes => panic!("{line}"),
        }
    }
    for line in [
        "dd if=x of=y bs=1M",
        "cp --target-directory=build x",
        "git clone https://h.example/x y",
        "git clean -fdx",
        "sed -i.bak -e s/a/b/ src/x",
        "rm -rf -- build*",
        "env a=b rm x",
    ] {
        let Doing::Mutates(change) = does(line) else {
            panic!("{line}");
        };
        assert!(change.reach < Reach::World, "{line}");
    }
}

#[test]
fn a_deep_or_long_line_is_unread_wherever_it_comes_from() {
    let deep = "if true; then ".repeat(300);
    let brackets = "( ".repeat(3000);
    let negated = "! ".repeat(3000);
    for line in [&deep, &brackets, &negated] {
        let argv = |words: &[&str]| {
            let words: Vec<Word> = words.iter().map(|word| Word::known(word)).collect();
            (effect::of_words(&words), failure::of_words(&words))
        };
        assert_ne!(argv(&["sh", "-c", line]).0, Doing::Observes);
        assert_ne!(argv(&["eval", line]).0, Doing::Observes);
        assert_ne!(argv(&["ssh", "h", line]).0, Doing::Observes);
        assert_ne!(does(line), Doing::Observes);
        let known = scope(&[("x", line.as_str())]);
        assert_ne!(shell("sh -c \"${x}\"", &known), Doing::Observes);
        assert_ne!(shell("eval \"${x}\"", &known), Doing::Observes);
    }
    // What is read leaves room on the smallest stack, also line in line.
    let mut line = format!("{}ls{}", "{ ".repeat(40), "; }".repeat(40));
    for _ in 0..6 {
        line = format!("eval {}", kit::shell::quote(&line));
    }
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let judged = small.spawn(move || does(&line)).unwrap().join().unwrap();
    assert_eq!(judged, Doing::Observes);
}

/// Programs that observe whatever they are asked.
const ANYTHING: &[&str] = &["docker", "systemctl", "git", "warm-reconcile", "gateproof"];

/// Commands that observe, one of each program with options of its own.
const SAMPLES: &[&str] = &[
    "awk 1 x",
    "blkid -o value x",
    "busctl list",
    "chroot /mnt ls",
    "coredumpctl list",
    "crontab -l",
    "curl -s http://x/",
    "date -u",
    "dd if=x bs=1",
    "docker compose ps",
    "docker exec x ls",
    "dpkg -l x",
    "dpkg-query -l x",
    "env ls",
    "file -b x",
    "find . -name x",
    "git branch -a",
    "git remote -v",
    "git tag -l",
    "gzip -t x",
    "hash -r",
    "helm list",
    "hostname -f",
    "hostnamectl status",
    "ip -br a",
    "iptables -L",
    "jobs -l",
    "journalctl -u x",
    "kubectl exec p -- ls",
    "kubectl get pods",
    "loginctl list-sessions",
    "lsof -n",
    "lspci -v",
    "lvs -a",
    "mount -l",
    "nc -z h 1",
    "nft list ruleset",
    "nice ls",
    "nix-store -q x",
    "nsenter -t 1 -n ls",
    "openssl x509 -noout",
    "ping -c 1 h",
    "pkill -0 x",
    "resolvectl status",
    "rg -n x",
    "rpm -q x",
    "sed -n 1p x",
    "set -e",
    "sh -c ls",
    "smartctl -a x",
    "sort -u x",
    "sqlite3 -readonly db 'select 1'",
    "ss -l",
    "ssh -q h ls",
    "ssh-add -l",
    "ssh-keygen -l",
    "sshd -t",
    "su -c ls",
    "sudo -n ls",
    "swapon --show",
    "sysctl -a",
    "systemd-analyze blame",
    "tar -tf x",
    "tee /dev/null",
    "timedatectl status",
    "timeout 5 ls",
    "tree -d",
    "ufw status",
    "uniq -c x",
    "unzip -l x",
    "visudo -c",
    "wait -n",
    "wget --spider http://x/",
    "xargs -r ls",
    "xxd x",
    "yq -r . x",
    "zfs list",
    "zpool status",
];

#[test]
fn the_samples_observe() {
    observe(SAMPLES);
}

proptest! {
    /// An option that nobody knows is never passed over, wherever it stands before the operands' end.
    #[test]
    fn an_option_that_is_not_known_is_never_passed_over(
        sample in prop::sample::select(SAMPLES),
        option in "--[a-z]{3,12}zq(=[a-z./]{1,6})?|-[ÄÖß]",
        at in 1usize..4,
    ) {
        let mut words: Vec<Word> = words_of(sample);
        let wraps = ["chroot", "env", "nice", "nsenter", "sh", "ssh", "su", "sudo", "timeout", "xargs"]
            .contains(&words[0].prefix.as_str())
            || sample.contains(" exec ");
        let program = words[0].prefix.clone();
        let inner = sample.contains(" compose") || sample.starts_with("git ");
        prop_assume!(!ANYTHING.contains(&program.as_str()) || inner && at > 1);
        // Behind the command that another one runs, it belongs to that.
        let at = if wraps || program == "awk" || program == "sqlite3" { 1 } else { at.min(words.len()) };
        // The value of an option, or a setting of `find`, may be anything.
        let is_value = words[..at].last().is_some_and(|word| {
            word.prefix.starts_with('-') || program == "find" && at > 1
        }) && at > 1;
        prop_assume!(!is_value || program == "kubectl");
        words.insert(at, Word::known(&option));
        let doing = effect::of_words(&words);
        prop_assert!(doing != Doing::Observes, "{sample} with {option} at {at}");
    }
}

/// The words of a sample, which has no quotes but around one word.
fn words_of(sample: &str) -> Vec<Word> {
    let mut quoted = sample.split('\'');
    let plain = quoted.next().unwrap_or_default().split_whitespace();
    plain.chain(quoted.next()).map(Word::known).collect()
}
