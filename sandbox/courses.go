package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// courseUsual is the course of an order that nothing chose another for.
const courseUsual = "usual"

// CourseShare lets a share of the orders take a course, by its name in MagicTable. Which orders, follows from
// Options.Seed, the direction and the order's metadata "reference"; without one, from how many orders were made
// before. An amount that chooses a course by itself is left alone, and so is a direction that has no such course.
type CourseShare struct {
	Course string
	// Share is above 0; all shares together are at most 1.
	Share float64
}

func checkCourses(shares []CourseShare) error {
	sum := 0.0
	for _, share := range shares {
		if names := sharedCourses(); !slices.Contains(names, share.Course) {
			return fmt.Errorf("course %q must be one of %q", share.Course, names)
		}
		if !(share.Share > 0 && share.Share <= 1) {
			return fmt.Errorf("the share of course %s must be above 0 and at most 1", share.Course)
		}
		sum += share.Share
	}
	if sum > 1+1e-9 {
		return errors.New("the shares of the courses must not exceed 1 together")
	}
	return nil
}

// sharedCourses lists the courses that a share of orders can take. What shows in quotes cannot be among them: a
// quote says nothing of its order.
func sharedCourses() []string {
	var names []string
	for _, sc := range slices.Concat(onrampScenarios(), offrampScenarios()) {
		if !sc.showsInQuotes() && !slices.Contains(names, sc.course) {
			names = append(names, sc.course)
		}
	}
	return names
}

// courseOf chooses the course of a new order: by its amount, else by the shares, else the usual one.
func (s *Server) courseOf(o *order, d deal) scenario {
	byAmount := d.scenario()
	if byAmount.course != courseUsual || len(s.options.Courses) == 0 {
		return byAmount
	}
	key := o.reference()
	if key == "" {
		key = strconv.Itoa(len(s.store.orders))
	}
	at := seeded("%d/course/%s/%s", s.options.Seed, o.direction, key).Float64()
	for _, share := range s.options.Courses {
		if at -= share.Share; at < 0 {
			return scenarioNamed(d.side, share.Course, byAmount)
		}
	}
	return byAmount
}

// scenarioNamed finds a course of a side, or else the one given.
func scenarioNamed(of side, course string, otherwise scenario) scenario {
	scenarios := offrampScenarios()
	if of == buy {
		scenarios = onrampScenarios()
	}
	i := slices.IndexFunc(scenarios, func(sc scenario) bool { return sc.course == course })
	if i < 0 {
		return otherwise
	}
	return scenarios[i]
}
