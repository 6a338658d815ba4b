action.goTo("Success");
