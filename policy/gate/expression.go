package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"landwaiter.dev/internal/pyregex"
	"landwaiter.dev/policy/expr"
)

var expressionGate = Gate{
	Name: "expression",
	Description: "Checks that no other gate has: an expression in CEL, the Common Expression Language, over all that is known of the image. Its variables stand under \"Expressions\". " +
		"An addition of Landwaiter.",
	Triggers: []Trigger{{
		Name: "matches",
		Description: "Fires once when the expression is true, or, where it gives a list of texts, once for each text. An expression is checked when the bundle is, and bounded in what it may cost; " +
			"one that fails on an image, or costs too much there, ends the evaluation with stop.",
		Params: []Param{
			{Name: "expression", Order: 1, Required: true, Type: Text, Known: knownInExpressions, Example: `findings.exists(f, f.severity == "critical" && !f.package.inherited)`,
				Description: "The expression: true or false, or a list of texts."},
			{Name: "message", Order: 2, Type: Text, Example: "A critical vulnerability that we brought ourselves",
				Description: "Message of the row; before each text and a colon where there are texts. The expression, or the text alone, when absent."},
			{Name: "id", Order: 3, Type: Text, Example: "own-critical", Description: "Trigger id of the row, followed by + and the text where there are texts; made of the message when absent."},
		},
		Compile: compileExpression,
		Needs:   expressionNeeds,
	}},
}

func compileExpression(v Values) (Check, error) {
	text, message, id := v["expression"], v["message"], v["id"]
	e, err := expr.Compile(text)
	if err != nil {
		return nil, BadValue("expression", "%v", err)
	}
	daily := e.UsesTime() || e.Uses("epss") || e.Uses("epss_percentile")
	return func(c *Context, fire Fire) error {
		if daily {
			c.ChangesAt(nextDay(c.At))
		}
		r, err := e.Run(c.running(), c.expressionValues(), c.Deadline)
		if errors.Is(err, expr.ErrTimeout) {
			return fmt.Errorf("%w: %w", err, pyregex.ErrTimeout)
		}
		if err != nil {
			return err
		}
		if !r.IsTexts {
			if r.True {
				said := message
				if said == "" {
					said = "Expression is true: " + strings.Join(strings.Fields(text), " ")
				}
				fire(id, said)
			}
			return nil
		}
		for _, t := range r.Texts {
			own, said := "", t
			if id != "" {
				own = id + "+" + t
			}
			if message != "" {
				said = message + ": " + t
			}
			fire(own, said)
		}
		return nil
	}, nil
}

func (c *Context) running() context.Context {
	if c.Running == nil {
		return context.Background()
	}
	return c.Running
}

// expressionNeeds goes by the names in the text: too many is no harm.
func expressionNeeds(v Values) Need {
	var n Need
	for name, need := range map[string]Need{
		"epss": NeedThreats, "ransomware": NeedThreats, "kev_due": NeedThreats, "base": NeedLineage, "inherited": NeedLineage, "outdated": NeedLineage | NeedNewer, "signatures": NeedSignatures,
	} {
		if strings.Contains(v["expression"], name) {
			n |= need
		}
	}
	return n
}

// expressionValues lays the image out for expressions, once.
func (c *Context) expressionValues() map[string]any {
	if c.values == nil {
		c.values = c.document().Bind()
	}
	return c.values
}
