//! What came of the runs, in lines of one form. The file of `TEST_FAULTS_TABLE` gets them as well; `make faults` shows it.

use std::{fs::File, io::Write};

/// Counts of one scenario.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Deaths, cuts and failures that were arranged; each in a run of its own, or many in one.
    pub cuts: usize,
    /// Acknowledgements that were looked after.
    pub acknowledged: usize,
    pub lost: usize,
    /// Contents that were given out and were not what was stored.
    pub wrong: usize,
    /// Objects that were damaged on purpose …
    pub planted: usize,
    /// … and were found.
    pub found: usize,
    /// Damage that was told of and that nobody had done.
    pub false_alarms: usize,
    /// Bytes, good or damaged, that are nowhere any more though nobody wanted that.
    pub destroyed: usize,
    /// Names that the power cut took because nobody had synced them.
    pub cut_names: usize,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.wrong += other.wrong;
        self.planted += other.planted;
        self.found += other.found;
        self.false_alarms += other.false_alarms;
        self.destroyed += other.destroyed;
        self.cut_names += other.cut_names;
    }

    /// Whether something is not as it has to be.
    pub fn is_bad(&self) -> bool {
        self.lost + self.wrong + self.false_alarms + self.destroyed > 0 || self.found != self.planted
    }

    /// Writes the line of a scenario down.
    pub fn print(&self, scenario: &str, store: &str) {
        let Self { cuts, acknowledged, lost, wrong, planted, found, false_alarms, destroyed, .. } = self;
        let database = if std::env::var_os("TEST_DATABASE_URL").is_some() { "PostgreSQL" } else { "SQLite" };
        let line = format!(
            "{scenario} | {database} | {store} | {cuts} | {acknowledged} | {lost} | {wrong} | {planted} | {found} | \
             {false_alarms} | {destroyed}\n"
        );
        print!("faults | {line}");
        if let Some(path) = std::env::var_os("TEST_FAULTS_TABLE") {
            let table = File::options().create(true).append(true).open(path);
            table.and_then(|mut table| table.write_all(line.as_bytes())).expect("the table can be written");
        }
    }

    /// Writes the line down and holds it to the bars.
    #[track_caller]
    pub fn assert_good(&self, scenario: &str, store: &str) {
        self.print(scenario, store);
        assert!(!self.is_bad(), "{scenario}, {store}: {self:?}");
        assert!(self.acknowledged > 0, "{scenario}: nothing was acknowledged, so nothing was tested");
    }

    /// The same for a run of a product that was broken on purpose: the harness must notice.
    #[track_caller]
    pub fn assert_noticed(&self, scenario: &str, store: &str) {
        self.print(&format!("control: {scenario}"), store);
        assert!(self.lost + self.wrong > 0, "{scenario}: nothing was noticed, so the other runs show nothing");
    }
}
