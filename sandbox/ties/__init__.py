"""Who stands behind the firms: owners, persons, guarantees, addresses, phones; and the truth about them."""
