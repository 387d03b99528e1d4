"""The service desk: cards of both kinds, from blank to returned (docs/desk.md)."""
