package advisory

// Forward leaves out of a range the stretches that end before they begin: its publisher's mistake, by which it would not
// end at all. from and to are the bounds of the first of them; "" when there is none. Events may stand in any order: what
// ends another stretch is no mistake.
func Forward(ecosystem string, events []Event) (kept []Event, from, to string) {
	var backward []int // where the introduced of each stands
	for i := 0; i+1 < len(events); i++ {
		begin, end := events[i].Introduced, events[i+1].Fixed+events[i+1].LastAffected
		if begin == "" || begin == "0" || end == "" {
			continue
		}
		if c, err := Compare(ecosystem, end, begin); err == nil && c < 0 {
			backward = append(backward, i)
		}
	}
	if backward == nil {
		return events, "", ""
	}
	// The version that the bounds are compared with is of no account here.
	bounds, _, err := parseInstalled(ecosystem, events[backward[0]].Introduced).read(events)
	if err != nil {
		return events, "", ""
	}
	ends := map[Event]bool{}
	for s := range stretchesOf(bounds) {
		if e := s.end(); e != nil {
			ends[e.Event] = true
		}
	}
	next := 0
	for _, i := range backward {
		if i < next || ends[events[i+1]] {
			continue
		}
		if from == "" {
			from, to = events[i].Introduced, events[i+1].Fixed+events[i+1].LastAffected
		}
		kept = append(kept, events[next:i]...)
		next = i + 2
	}
	return append(kept, events[next:]...), from, to
}
