//! Random trouble, by seed: whatever goes wrong, no row is lost, no device is written twice, and what
//! was printed is what was done. A failing seed can be run again alone: it decides everything.

use tests::{Dir, Moved, Sim};

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len() as u64) as usize]
    }
}

/// Rules that let requests of these kinds go wrong, more or less often.
fn trouble(random: &mut Random, methods: &[&str]) -> Vec<String> {
    let accidents = [
        "cut=before",
        "cut=after",
        "cut=middle",
        "429",
        "500",
        "500 effect=yes",
        "502 body=html",
        "503 body=empty effect=yes",
        "504 body=message",
        "part=3",
        "part=1 409",
        "delay=30ms",
    ];
    let paths = ["/devicegroups/*/relationships/devices", "/devices", "/devices/*", "/**"];
    let number = 1 + random.below(3);
    (0..number)
        .map(|_| {
            let (method, path) = (random.one_of(methods), random.one_of(&paths));
            let accident = random.one_of(&accidents);
            let chance = [5, 20, 40][random.below(3) as usize];
            format!("{method} {path} {accident} chance={chance}% times={}", 1 + random.below(12))
        })
        .collect()
}

/// One account in trouble.
struct Case {
    seed: u64,
    random: Random,
    sim: Sim,
    dir: Dir,
    a: String,
    /// What names the devices in the rows.
    by: &'static str,
    /// What is to be moved into A.
    given: Vec<String>,
    /// Of these, so many are no devices.
    unknown: usize,
    options: String,
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut random = Random(seed);
        let errors = format!("batch-errors={}", random.one_of(&["named", "anonymous"]));
        let cap = format!("batch-cap={}", random.one_of(&["none", "none", "90"]));
        let number = seed.to_string();
        let options =
            ["--devices", "240", "--seed", &number, "--variant", &errors, "--variant", &cap];
        let sim = Sim::start(&options);
        let [a, b] = sim.groups(["A", "B"]);
        let dir = Dir::signed_in(&sim);
        sim.put(&b, &sim.field("id")[..80]);
        let by = random.one_of(&["id", "mac_address"]);
        let mut given = sim.field(by);
        given.truncate(200);
        for _ in 0..random.below(6) {
            let row = random.below(200) as usize;
            given[row] = if by == "id" {
                format!("40000c2a69ffff{row:02x}")
            } else {
                format!("0c:2a:69:ff:ff:{row:02x}")
            };
        }
        let is_unknown = |device: &&String| device.replace(':', "").contains("2a69ffff");
        let unknown = given.iter().filter(is_unknown).count();
        let (batch, jobs) = (random.one_of(&["7", "50", "100"]), random.one_of(&["1", "3", "8"]));
        let options =
            format!("--batch {batch} --jobs {jobs} --input rows --failed failed --report report");
        Case { seed, random, sim, dir, a, by, given, unknown, options }
    }

    /// Lets requests go wrong; says how, for the message when a law is broken.
    fn trouble(&mut self, method: &str) -> String {
        let rules = trouble(&mut self.random, &[method, "GET", "*"]);
        rules.iter().for_each(|rule| self.sim.fault(rule));
        format!("seed {}: {}", self.seed, rules.join("; "))
    }

    fn the_way_in(&mut self) {
        self.dir.write_column("rows", self.by, &self.given);
        let case = self.trouble("POST");
        let stream = self.random.one_of(&["", "", "--stream"]);
        let (sim, dir, given) = (&self.sim, &self.dir, &self.given);
        let run = dir.sh(&format!("imp-device assign --dg A {stream} {}", self.options));
        let failed = dir.failed("failed");
        Moved { case: &case, sim, by: self.by, given, run: &run, failed: &failed }.are_in(&self.a);
        let report = dir.report("report");
        assert_eq!((report.rows, report.failed), (200, failed.len() as u64), "{case}{run}");
        assert_eq!(run.exit_code(), Some(i32::from(report.exit)), "{case}{run}");
        // What failed is input as it stands. When the trouble is over, all that exists gets there.
        sim.no_faults();
        dir.sh("imp-device assign --dg A --failed later < failed");
        let reached = (sim.members(&self.a).len(), dir.failed("later").len());
        assert_eq!(reached, (200 - self.unknown, self.unknown), "{case}{run}");
    }

    fn the_way_out(&mut self) {
        self.sim.reset();
        let given: Vec<String> = self.sim.members(&self.a).into_iter().collect();
        self.dir.write_column("rows", "id", &given);
        let case = self.trouble("DELETE");
        let run = self.dir.sh(&format!("imp-device unassign {}", self.options));
        let failed = self.dir.failed("failed");
        let moved = Moved {
            case: &case,
            sim: &self.sim,
            by: "id",
            given: &given,
            run: &run,
            failed: &failed,
        };
        moved.are_out();
        assert_eq!(self.dir.report("report").rows, given.len() as u64, "{case}{run}");
    }
}

fn run(seed: u64) {
    let mut case = Case::new(seed);
    case.the_way_in();
    case.the_way_out();
}

#[test]
fn laws_hold_for_seeds_of_one_kind() {
    (0..12).for_each(run);
}

#[test]
fn laws_hold_for_seeds_of_another_kind() {
    (1000..1012).for_each(run);
}
