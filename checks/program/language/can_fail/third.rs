//! A third set, of other subjects again: twenty sound checks and forty that tell nothing, written when what judges
//! them had found 54 of the 60 of the second.
//!
//! Of these it found 29. Four kinds were mended after that: a joined word (`HEALTH` in `HEALTH_ERR`), a key of JSON
//! whatever its value, a number with its unit, and an exit code that is taken whatever it is. One sound row lacked
//! its `effect: observe`; no other row was touched.

use super::{Row, measured};

/// So many of the checks that tell nothing are told. Missed are a list that is empty for another reason, a name
/// whatever stands beside it, every number after a key or within wide bounds, every known state as an alternative,
/// and a process of that name.
const RECALL: f64 = 33.0 / 40.0;

/// The sound ones that are refused all the same.
const FALSE_ALARMS: &[&str] = &[];

const SOUND: &[Row] = &[
    (
        "s01",
        "run: ceph health, expect: HEALTH_OK",
        &[("ceph", "echo HEALTH_OK", "echo HEALTH_WARN 1 osds down")],
    ),
    (
        "s02",
        "run: ceph osd stat -f json, expect: { json: { $.num_up_osds: 6 } }",
        &[(
            "ceph",
            "echo '{\"num_osds\":6,\"num_up_osds\":6}'",
            "echo '{\"num_osds\":6,\"num_up_osds\":5}'",
        )],
    ),
    (
        "s03",
        "run: fail2ban-client status sshd, expect: { stdout: { matches: 'Currently failed:\\s+\\d+' } }",
        &[(
            "fail2ban-client",
            "printf 'Status for the jail: sshd\n|  Currently failed: 3\n'",
            "echo 'Sorry but the jail does not exist'; exit 255",
        )],
    ),
    (
        "s04",
        "run: getenforce, expect: Enforcing",
        &[("getenforce", "echo Enforcing", "echo Permissive")],
    ),
    (
        "s05",
        "run: unbound-control lookup shop.example, expect: { stdout: { contains: 'delegation is' } }",
        &[(
            "unbound-control",
            "echo 'The following name servers: delegation is good'",
            "echo 'no delegation'",
        )],
    ),
    (
        "s06",
        "run: sysctl -n net.ipv4.ip_forward, expect: \"1\"",
        &[("sysctl", "echo 1", "echo 0")],
    ),
    (
        "s07",
        "run: swapon --show --noheadings, effect: observe, expect: { stdout: { empty: true } }, control: { run: swapon --show --noheadings --all, env: { row: s07 }, expect: { stdout: { empty: false } } }",
        &[(
            "swapon",
            "case $* in *--all*) echo /dev/sdb;; esac",
            "echo /dev/sda2",
        )],
    ),
    (
        "s08",
        "run: gitlab-runner verify, expect: { stdout: { contains: is alive } }",
        &[(
            "gitlab-runner",
            "echo 'Verifying runner... is alive'",
            "echo 'Verifying runner... is removed'",
        )],
    ),
    (
        "s09",
        "run: promtool check config prometheus.yml, expect: { stdout: { contains: 'SUCCESS: 4 rule files found' } }",
        &[(
            "promtool",
            "echo 'SUCCESS: 4 rule files found'",
            "echo 'SUCCESS: 0 rule files found'",
        )],
    ),
    (
        "s10",
        "run: clickhouse-client -q 'select count() from orders', expect: { stdout: { number: { min: 1000 } } }",
        &[("clickhouse-client", "echo 51234", "echo 12")],
    ),
    (
        "s11",
        "run: smbclient -N -L files, expect: { stdout: { matches: '(?m)^\\s*backup\\s+Disk' } }",
        &[(
            "smbclient",
            "printf '\tSharename Type\n\tbackup    Disk\n'",
            "printf '\tSharename Type\n\tmedia    Disk\n'",
        )],
    ),
    (
        "s12",
        "run: lpstat -p office, expect: { stdout: { contains: 'is idle.  enabled' } }",
        &[(
            "lpstat",
            "echo 'printer office is idle.  enabled since today'",
            "echo 'printer office disabled since today -'",
        )],
    ),
    (
        "s13",
        "run: \"haproxy-stats show stat | awk -F, '$1==\\\"web\\\" && $2==\\\"BACKEND\\\" {print $18}'\", expect: UP",
        &[(
            "haproxy-stats",
            "printf 'web,BACKEND,,,,,,,,,,,,,,,,UP\n'",
            "printf 'web,BACKEND,,,,,,,,,,,,,,,,DOWN\n'",
        )],
    ),
    (
        "s14",
        "run: mvn -q -o verify, effect: observe, expect: { exit: 0 }",
        &[("mvn", "exit 0", "echo BUILD FAILURE; exit 1")],
    ),
    (
        "s15",
        "run: ip -j route show default, expect: { json: { '$[0].gateway': 10.0.0.1 } }",
        &[(
            "ip",
            "echo '[{\"dst\":\"default\",\"gateway\":\"10.0.0.1\"}]'",
            "echo '[{\"dst\":\"default\",\"gateway\":\"10.0.0.254\"}]'",
        )],
    ),
    (
        "s16",
        "run: iscsiadm -m session, expect: { stdout: { lines: 2 } }",
        &[(
            "iscsiadm",
            "printf 'tcp: [1] a\ntcp: [2] b\n'",
            "printf 'tcp: [1] a\n'",
        )],
    ),
    (
        "s17",
        "run: \"curl -sf -o /dev/null -w '%{http_code}' ${url}/s17\", expect: \"200\"",
        &[("curl", "printf 200", "printf 503; exit 22")],
    ),
    (
        "s18",
        "http: \"${url}/s18\", expect: { status: 200, json: { $.version: 4.2.0 } }",
        &[(
            "/s18",
            "200 {\"version\":\"4.2.0\"}",
            "200 {\"version\":\"4.1.9\"}",
        )],
    ),
    (
        "s19",
        "http: \"${url}/s19\", expect: { status: 404 }",
        &[("/s19", "404 gone", "200 still here")],
    ),
    (
        "s20",
        "run: visudo -c, effect: observe, expect: { stdout: { contains: '/etc/sudoers: parsed OK' } }",
        &[(
            "visudo",
            "echo '/etc/sudoers: parsed OK'",
            "echo '/etc/sudoers:3: syntax error'; exit 1",
        )],
    ),
];

const VACUOUS: &[Row] = &[
    // Nothing is found, whatever the reason.
    (
        "v01",
        "run: ceph crash ls-new, expect: { stdout: { empty: true } }",
        &[("ceph", "true", "echo no keyring found >&2")],
    ),
    (
        "v02",
        "run: fail2ban-client status sshd, expect: { stdout: { not: { contains: 10.0.0.7 } } }",
        &[(
            "fail2ban-client",
            "echo 'Banned IP list:'",
            "echo 'Sorry but the jail does not exist'",
        )],
    ),
    (
        "v03",
        "run: ausearch -m avc -ts recent | grep -c denied, expect: { exit: 1 }",
        &[(
            "ausearch",
            "echo allowed",
            "echo cannot open the log >&2; exit 1",
        )],
    ),
    (
        "v04",
        "run: \"find /srv/mail/new -type f -mmin +30 2>/dev/null | wc -l\", expect: \"0\"",
        &[("find", "true", "exit 1")],
    ),
    (
        "v05",
        "run: \"! clickhouse-client -q 'select * from errors' | grep -q Exception\", expect: { exit: 0 }",
        &[("clickhouse-client", "echo fine", "exit 210")],
    ),
    (
        "v06",
        "run: logcli query --quiet '{app=\"shop\"} |= \"panic\"', expect: { stdout: { empty: true } }",
        &[("logcli", "true", "echo unauthorized >&2; exit 0")],
    ),
    (
        "v07",
        "http: \"${url}/v07\", expect: { status: 200, body: { not: { contains: maintenance } } }",
        &[("/v07", "200 shop", "200 ")],
    ),
    (
        "v08",
        "run: gradle dependencies, effect: observe, expect: { stdout: { not: { matches: 'log4j-core:2\\.1[0-4]' } } }",
        &[("gradle", "echo '+--- log4j-core:2.20'", "echo FAILURE")],
    ),
    // The failure is lost on the way.
    (
        "v09",
        "run: pg_dump shop | zstd -q | wc -c, expect: { stdout: { number: { min: 1 } } }",
        &[
            ("pg_dump", "echo data", "echo refused >&2; exit 1"),
            ("zstd", "cat; echo frame", "cat; echo frame"),
        ],
    ),
    (
        "v10",
        "run: mvn -q verify 2>&1 | tail -n 1, effect: observe, expect: { exit: 0 }",
        &[("mvn", "echo BUILD SUCCESS", "echo BUILD FAILURE; exit 1")],
    ),
    (
        "v11",
        "run: \"nginx -t; echo tested\", expect: tested",
        &[("nginx", "exit 0", "exit 1")],
    ),
    (
        "v12",
        "run: \"x=$(promtool check rules rules.yml || true); echo checked\", expect: checked",
        &[("promtool", "exit 0", "exit 1")],
    ),
    (
        "v13",
        "run: \"unbound-checkconf & sleep 0\", expect: { exit: 0 }",
        &[("unbound-checkconf", "exit 0", "exit 1")],
    ),
    (
        "v14",
        "run: \"haproxy -c -f haproxy.cfg && echo ok || echo ok\", effect: observe, expect: ok",
        &[("haproxy", "exit 0", "exit 1")],
    ),
    (
        "v15",
        "run: \"sudo visudo -c; exit 0\", effect: observe, expect: { exit: 0 }",
        &[("visudo", "exit 0", "exit 1"), ("sudo", "\"$@\"", "\"$@\"")],
    ),
    (
        "v16",
        "run: \"test \\\"$(lvs --noheadings | wc -l)\\\" -ge 0\", expect: { exit: 0 }",
        &[("lvs", "echo root", "exit 5")],
    ),
    // A part of another word, a heading, a key.
    (
        "v17",
        "run: lpstat -p office, expect: { stdout: { contains: abled } }",
        &[(
            "lpstat",
            "echo 'printer office is idle. enabled'",
            "echo 'printer office disabled'",
        )],
    ),
    (
        "v18",
        "run: systemctl is-enabled mosquitto, expect: { exit: [0, 1], stdout: { contains: abled } }",
        &[("systemctl", "echo enabled", "echo disabled; exit 1")],
    ),
    (
        "v19",
        "run: pvecm status, expect: { stdout: { contains: 'Quorate:' } }",
        &[("pvecm", "echo 'Quorate: Yes'", "echo 'Quorate: No'")],
    ),
    (
        "v20",
        "run: kubectl get pods, expect: { stdout: { contains: STATUS } }",
        &[(
            "kubectl",
            "printf 'NAME   READY   STATUS\nshop-1   1/1   Running\n'",
            "printf 'NAME   READY   STATUS\nshop-1   0/1   CrashLoopBackOff\n'",
        )],
    ),
    (
        "v21",
        "run: kubectl get pods, expect: { stdout: { contains: shop } }",
        &[(
            "kubectl",
            "printf 'NAME   READY   STATUS\nshop-1   1/1   Running\n'",
            "printf 'NAME   READY   STATUS\nshop-1   0/1   CrashLoopBackOff\n'",
        )],
    ),
    (
        "v22",
        "run: ceph health, expect: { stdout: { contains: HEALTH } }",
        &[("ceph", "echo HEALTH_OK", "echo HEALTH_ERR")],
    ),
    (
        "v23",
        "run: mdadm --detail /dev/md0, expect: { stdout: { contains: 'State :' } }",
        &[(
            "mdadm",
            "printf '/dev/md0:\n  State : clean\n'",
            "printf '/dev/md0:\n  State : clean, degraded\n'",
        )],
    ),
    (
        "v24",
        "run: mdadm --detail /dev/md0, expect: { stdout: { contains: clean } }",
        &[(
            "mdadm",
            "printf '/dev/md0:\n  State : clean\n'",
            "printf '/dev/md0:\n  State : clean, degraded\n'",
        )],
    ),
    (
        "v25",
        "run: ntpq -c rv, expect: { stdout: { contains: 'leap=' } }",
        &[(
            "ntpq",
            "echo 'leap=00, stratum=2'",
            "echo 'leap=11, stratum=16'",
        )],
    ),
    (
        "v26",
        "http: \"${url}/v26\", expect: { status: 200, body: { contains: status } }",
        &[(
            "/v26",
            "200 {\"status\":\"up\"}",
            "200 {\"status\":\"down\"}",
        )],
    ),
    // Any number, any text.
    (
        "v27",
        "run: mosquitto_sub -C 1 -t stats, expect: { stdout: { number: { min: 0 } } }",
        &[("mosquitto_sub", "echo 14", "echo 0")],
    ),
    (
        "v28",
        "run: postqueue -j | wc -l, expect: { stdout: { matches: '^\\d+$' } }",
        &[("postqueue", "true", "seq 900")],
    ),
    (
        "v29",
        "run: sensors -u, expect: { stdout: { matches: 'temp1_input: \\d+' } }",
        &[(
            "sensors",
            "echo 'temp1_input: 41.0'",
            "echo 'temp1_input: 104.0'",
        )],
    ),
    (
        "v30",
        "run: uptime -s, expect: { stdout: { empty: false } }",
        &[(
            "uptime",
            "echo 2026-01-01 10:00:00",
            "echo 2026-11-28 10:00:00",
        )],
    ),
    (
        "v31",
        "run: zpool list -H -o cap tank, expect: { stdout: { matches: '\\d+%' } }",
        &[("zpool", "echo 40%", "echo 99%")],
    ),
    (
        "v32",
        "run: sysctl -n vm.swappiness, expect: { stdout: { number: { min: 0, max: 200 } } }",
        &[("sysctl", "echo 10", "echo 60")],
    ),
    (
        "v33",
        "run: getenforce, expect: { stdout: { matches: 'Enforcing|Permissive|Disabled' } }",
        &[("getenforce", "echo Enforcing", "echo Disabled")],
    ),
    // Loops that may have nothing to do.
    (
        "v34",
        "run: for d in $(smbclient -N -L files -g | cut -d'|' -f2); do test -n \"$d\" || exit 1; done, expect: { exit: 0 }",
        &[("smbclient", "echo 'Disk|backup|'", "exit 1")],
    ),
    (
        "v35",
        "run: iscsiadm -m session | while read -r s; do echo \"$s\" | grep -q tcp || exit 1; done, expect: { exit: 0 }",
        &[(
            "iscsiadm",
            "echo 'tcp: [1] a'",
            "echo no sessions >&2; exit 21",
        )],
    ),
    // Any answer.
    (
        "v36",
        "http: \"${url}/v36\", expect: { status: [200, 401, 500, 502] }",
        &[("/v36", "200 shop", "502 bad gateway")],
    ),
    (
        "v37",
        "run: \"curl -sS --max-time 5 ${url}/v37 -o /dev/null\", expect: { exit: 0 }",
        &[("curl", "exit 0", "exit 0")],
    ),
    (
        "v38",
        "run: \"curl -s -o /dev/null -w '%{http_code}' ${url}/v38\", expect: { stdout: { not: \"404\" } }",
        &[("curl", "printf 200", "printf 500")],
    ),
    // The wrong subject.
    (
        "v39",
        "run: pgrep -f mosquitto, expect: { exit: 0 }",
        &[("pgrep", "echo 4711", "echo 4712")],
    ),
    (
        "v40",
        "run: \"printf '%s\\\\n' deployed\", expect: deployed",
        &[],
    ),
];

#[test]
fn a_third_set_is_told_apart_as_well() {
    measured(SOUND, VACUOUS, RECALL, FALSE_ALARMS);
}
