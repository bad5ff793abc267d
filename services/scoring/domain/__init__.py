"""Pure scoring: values in, values out."""
