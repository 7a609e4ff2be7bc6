using System.CommandLine;

var root = new RootCommand("Quire: an operating system's memory manager that anyone can run, watch and change.");
return root.Parse(args).Invoke();
