"""`make bench`: what a record, a day, many scopes and a whole load cost, over real HTTP."""
