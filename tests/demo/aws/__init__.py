"""The plugin `aws` against EC2 as moto simulates it."""
