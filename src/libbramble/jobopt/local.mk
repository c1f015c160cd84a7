# jobopt
