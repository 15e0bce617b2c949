package policy

import "landwaiter.dev/policy/gate"

// values warns of values of a rule that are accepted and can never match, as the gates know them.
func (l *linter) values(r *ruleForm) {
	g := gate.Find(r.gate)
	if g == nil || g.Retired {
		return
	}
	t := g.Trigger(r.trigger)
	if t == nil {
		return
	}
	for _, d := range t.Doubts(r.params, l.names) {
		hint := didYouMean(d.Value, d.Like)
		switch {
		case hint != "":
		case d.Hint == gate.OnlyNear:
			continue
		default:
			hint = d.Hint
		}
		place := paramAt(r, t, &gate.ParamError{Fault: gate.RefusedValue, Param: d.Param})
		l.warn(place.path, hint, "%s", d.Text)
	}
}
