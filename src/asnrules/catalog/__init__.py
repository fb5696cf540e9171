"""The rulesets of a database: opened, chosen, looked up, published."""
