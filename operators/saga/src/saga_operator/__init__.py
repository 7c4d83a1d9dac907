"""The saga operator: runs multi-service transactions as Saga objects."""
