//! Loops, conditions and what catches errors.

use std::ops::Range;

use super::{Flow, ROUNDS, Run, STEPS};

impl Run<'_> {
    /// `for (begin; condition; step) body`.
    pub(super) fn count(&mut self, at: usize, end: usize) -> Flow {
        let close = self.source.closing(at + 1);
        let semicolons: Vec<usize> =
            (at + 2..close).filter(|&place| self.source.is(place, ";")).collect();
        let [first, second] = semicolons[..] else {
            return self.maybe(at..end);
        };
        let outer = self.kept(self.source.locals(at + 2..first));
        let mut flow = self.statement(at + 2, first);
        if flow == Flow::Next {
            flow = self.repeat(at..end, first + 1..second, second + 1..close, close + 1..end);
        }
        self.restore(outer);
        flow
    }

    /// `while (condition) body`, and what is left of a `for`.
    pub(super) fn repeat(
        &mut self,
        whole: Range<usize>,
        condition: Range<usize>,
        step: Range<usize>,
        body: Range<usize>,
    ) -> Flow {
        let unending = self.source.is_constant(condition.clone())
            && self.source.jump(body.clone(), &[]) == Flow::Next;
        let mut rounds = if unending { ROUNDS } else { STEPS };
        let outer = std::mem::replace(&mut self.around.innermost_loop, whole.clone());
        let flow = loop {
            self.steps += 1;
            let goes_on = if condition.is_empty() { Some(true) } else { self.truth(&condition) };
            let flow = match goes_on {
                _ if self.over() || rounds == 0 => Flow::Stop,
                Some(true) => self.block(body.clone()),
                Some(false) => Flow::Break,
                None if unending => Flow::Stop,
                None => self.maybe(whole.clone()).max(Flow::Break),
            };
            rounds = rounds.saturating_sub(1);
            if flow > Flow::Continue {
                break flow;
            }
            let flow = self.simple(step.start, step.end);
            if flow > Flow::Next {
                break flow;
            }
        };
        self.around.innermost_loop = outer;
        if flow == Flow::Break { Flow::Next } else { flow }
    }

    /// `if (condition) body else other`.
    pub(super) fn decide(&mut self, at: usize, end: usize) -> Flow {
        let condition = at + 2..self.source.closing(at + 1);
        let body = condition.end + 1;
        let body_end = self.source.end(body).min(end);
        match self.truth(&condition) {
            Some(true) => self.block(body..body_end),
            Some(false) if self.source.name(body_end) == Some("else") => {
                self.block(body_end + 1..end)
            }
            Some(false) => Flow::Next,
            None => self.maybe(at..end),
        }
    }

    /// `try body`, and the `catch (error) other` behind it if it is needed.
    pub(super) fn attempt(&mut self, at: usize, end: usize) -> Flow {
        match self.block(at + 1..end) {
            Flow::Throw if self.source.name(end) == Some("catch") => {
                let body = self.source.closing(end + 1) + 1;
                let outer = self.kept(self.source.assigned(end..body));
                let flow = self.block(body..self.source.end(end));
                self.restore(outer);
                flow
            }
            flow => flow,
        }
    }

    /// A part that may run or not: nothing of it is logged, and nothing that it may have changed is
    /// known any more. If it may jump, the loop or function ends here.
    pub(super) fn maybe(&mut self, range: Range<usize>) -> Flow {
        let flow = self.source.jump(range.clone(), &[]);
        self.forget(match flow {
            Flow::Break => self.around.innermost_loop.clone(),
            Flow::Return => self.around.function.clone(),
            _ => range,
        });
        flow
    }
}
