"""The life of a VM, a disk and a stemcell through `cpi-host`, as a director asks for it."""
