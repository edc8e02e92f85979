use cpi_policy::Limits;
use wasmtime::ResourceLimiter;

/// Memory, tables and instances of one call, all instances of a component counted together.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: usize,
    memory_limit: usize,
    elements: usize,
    elements_limit: usize,
    instances: usize,
    /// What was refused last.
    pub(crate) refused: Option<Refused>,
}

/// What a plugin asked for beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// So many bytes, and the limit.
    Memory(usize, usize),
    /// So many elements, and the limit.
    TableElements(usize, usize),
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: 0,
            memory_limit: limits.memory,
            elements: 0,
            elements_limit: limits.table_elements,
            instances: limits.instances,
            refused: None,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            self.refused = Some(Refused::Memory(total, self.memory_limit));
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.elements.saturating_add(desired.saturating_sub(current));
        if total > self.elements_limit {
            self.refused = Some(Refused::TableElements(total, self.elements_limit));
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.instances
    }

    fn memories(&self) -> usize {
        self.instances
    }
}
