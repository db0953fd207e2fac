package microadjust.format;

/** A small contract in the shape that {@code schemas.event_validation.contract_json()} writes. */
final class TestContract {

    static final String JSON =
            """
            {"max_bytes": 1000, "max_depth": 4, "max_skew_ms": 86400000, "longest_number": 30,
             "types": ["click", "scroll", "tick"], "value_range": {"scroll": [0, 1]},
             "fields": [
               {"name": "event_id", "kind": "string", "required": true, "low": 1, "high": 64},
               {"name": "type", "kind": "string", "required": true, "low": 1, "high": 64},
               {"name": "occurred_at_ms", "kind": "integer", "required": true, "low": 0, "high": 9e15},
               {"name": "received_at_ms", "kind": "integer", "required": true, "low": 0, "high": 9e15},
               {"name": "session_id", "kind": "string", "required": true, "low": 1, "high": 64},
               {"name": "value", "kind": "number", "required": false, "low": null, "high": null},
               {"name": "properties", "kind": "tags", "required": false, "low": null, "high": 64},
               {"name": "context", "kind": "object", "required": false, "low": null, "high": null}],
             "context": [{"name": "rtt_ms", "kind": "integer", "required": false, "low": 0, "high": 600000}]}
            """;

    private TestContract() {}
}
