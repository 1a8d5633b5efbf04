//! The results of all slices and starts: one row for each contender in each case.

use crate::case::Case;
use crate::checker::Seen;
use crate::contender::Contender;
use crate::measure::{Latency, Memory, Slice, Start};

/// One contender in one case.
pub struct Row {
    pub contender: Contender,
    /// One slice for each round of the case; `None` if it had no turn in that round.
    pub slices: Vec<Option<Slice>>,
    pub starts: Vec<Start>,
    /// System calls per megabyte.
    pub calls: Option<f64>,
    /// Why there are fewer slices than there should be.
    pub failure: Option<String>,
}

/// One case with all its contenders.
pub struct Table {
    pub case: Case,
    pub rows: Vec<Row>,
}

impl Table {
    pub fn new(case: Case, contenders: &[Contender]) -> Table {
        let rows = contenders.iter().map(|contender| Row {
            contender: *contender,
            slices: Vec::new(),
            starts: Vec::new(),
            calls: None,
            failure: None,
        });
        Table {
            case,
            rows: rows.collect(),
        }
    }

    /// The row of a contender, if that has results.
    pub fn row(&self, contender: Contender) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.contender == contender && row.has_slices())
    }

    /// The ratio of a contender's processor time to that of `other`: the median over
    /// the rounds, in each of which both had their turns within seconds. The speed of
    /// the machine cancels out.
    pub fn ratio(&self, contender: Contender, other: Contender) -> Option<f64> {
        self.ratio_of(contender, other, |slice| slice.processor)
    }

    /// The same ratio of any value.
    pub fn ratio_of(
        &self,
        contender: Contender,
        other: Contender,
        value: impl Fn(&Slice) -> Option<f64>,
    ) -> Option<f64> {
        let of = |slice: &Option<Slice>| slice.as_ref().and_then(&value);
        let (own, others) = (self.row(contender)?, self.row(other)?);
        let rounds = own.slices.iter().map(of).zip(others.slices.iter().map(of));
        median_of_some(rounds.map(|(a, b)| Some(a? / b?)))
    }
}

impl Row {
    pub fn has_slices(&self) -> bool {
        self.slices.iter().flatten().next().is_some()
    }

    /// The median of each value, independently of the others.
    pub fn median(&self) -> Slice {
        let slices: Vec<&Slice> = self.slices.iter().flatten().collect();
        let of = |value: &dyn Fn(&Slice) -> f64| median(slices.iter().map(|s| value(s)).collect());
        Slice {
            processor: median_of_some(slices.iter().map(|slice| slice.processor)),
            speed: of(&|slice| slice.speed),
            latency: Latency {
                p50: of(&|slice| slice.latency.p50),
                p99: of(&|slice| slice.latency.p99),
                max: of(&|slice| slice.latency.max),
            },
            key: median_of_some(slices.iter().map(|slice| slice.key)),
        }
    }

    /// The median of all starts; of peaks, the highest one, and of what the slow viewer
    /// saw, the sum.
    pub fn start(&self) -> Start {
        let memories: Vec<Memory> = self.starts.iter().filter_map(|s| s.memory).collect();
        Start {
            first_frame: median(self.starts.iter().map(|s| s.first_frame).collect()),
            memory: (!memories.is_empty()).then(|| median_memory(&memories)),
            first_picture: self.first_picture(),
            slow: self.starts.iter().filter_map(|s| s.slow).reduce(Seen::plus),
        }
    }

    fn first_picture(&self) -> Option<Latency> {
        let firsts = self.starts.iter().filter_map(|start| start.first_picture);
        let max = firsts.clone().map(|first| first.max).reduce(f64::max)?;
        Some(Latency {
            p50: median(firsts.clone().map(|first| first.p50).collect()),
            p99: max,
            max,
        })
    }

    /// The smallest and the largest processor time of all slices.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let slices = self.slices.iter().flatten();
        let times = slices.filter_map(|slice| slice.processor);
        let least = times.clone().reduce(f64::min)?;
        Some((least, times.reduce(f64::max)?))
    }
}

fn median_memory(memories: &[Memory]) -> Memory {
    let of = |value: fn(&Memory) -> u64| {
        median(memories.iter().map(|memory| value(memory) as f64).collect()) as u64
    };
    let peaks = memories.iter().map(|memory| memory.peak);
    let pools = memories.iter().map(|memory| memory.pool);
    Memory {
        idle: of(|memory| memory.idle),
        loaded: of(|memory| memory.loaded),
        peak: peaks.max().unwrap_or(0),
        pool: pools.max().unwrap_or(0),
        each: median(memories.iter().map(|memory| memory.each).collect()),
    }
}

fn median_of_some(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.flatten().collect();
    (!values.is_empty()).then(|| median(values))
}

/// The middle value, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
