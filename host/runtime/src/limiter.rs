use wasmtime::ResourceLimiter;

/// Memory, tables and instances of one call, all instances of a component counted together.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: usize,
    memory_limit: usize,
    /// What was asked for when it was refused.
    pub(crate) refused: Option<usize>,
}

/// Far above what compilers make, far below what hurts.
const TABLE_ELEMENTS: usize = 100_000;

impl Limiter {
    pub(crate) fn new(memory_limit: usize) -> Self {
        Self { memory: 0, memory_limit, refused: None }
    }

    pub(crate) fn memory_limit(&self) -> usize {
        self.memory_limit
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            self.refused = Some(total);
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}
