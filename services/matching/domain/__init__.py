"""Pure: rules, products, prices, repayment, eligibility and ranking; values in, values out."""
